/** @nodeguy/channel. Its manual makes a time limit of a channel that a timer closes. */
import Channel from "@nodeguy/channel";

/** @type {import("../interface.mjs").Library} */
export default {
  title: "nodeguy",
  style: "async",
  imports: { from: "@nodeguy/channel", typical: "default" },
  make: (capacity) => Channel(capacity),
  send: (channel, value) => channel.push(value),
  receive: (channel) => channel.shift(),
  value: (received) => received,
  spawn: (body, ...args) => body(...args),
  gather: (bodies) => Promise.all(bodies.map((body) => body())),
  select(receives, sends = []) {
    return {
      wait: () => Channel.select([
        ...receives.map((channel) => channel.shift()),
        ...sends.map(([channel, value]) => channel.push(value)),
      ]),
      value: (channel) => channel.value(),
      sent: (channel) => sends.some(([sending]) => sending === channel),
    };
  },
  selectsSends: true,
  receiveWithin(channel, ms) {
    const late = Channel();
    setTimeout(late.close, ms);
    return Channel.select([channel.shift(), late.shift()]);
  },
};
