/** medium. Its channels are thenables, so they travel inside an object. */
import medium from "medium";

const { any, chan, go, put, sleep, take } = medium;

/** @type {import("../interface.mjs").Library} */
export default {
  title: "medium",
  style: "async",
  imports: { from: "medium", typical: "chan, go, put, take, any, sleep" },
  make: (capacity) => ({ channel: capacity === 0 ? chan() : chan(capacity) }),
  send: ({ channel }, value) => put(channel, value),
  receive: ({ channel }) => take(channel),
  value: (received) => received,
  spawn: (body, ...args) => go(() => body(...args)),
  gather: (bodies) => Promise.all(bodies.map((body) => go(body))),
  select(receives, sends = []) {
    const ports = () => [...receives.map(({ channel }) => channel), ...sends.map(([{ channel }, value]) => [channel, value])];
    const channels = receives.map(({ channel }) => channel);
    return {
      wait: () => any(...ports()),
      value: ([value]) => value,
      sent: ([, channel]) => !channels.includes(channel),
    };
  },
  selectsSends: true,
  receiveWithin: ({ channel }, ms) => any(channel, sleep(ms)),
};
