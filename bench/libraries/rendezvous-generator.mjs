/** This library, with generator functions. */
import { aborting, chan, gather, go, selecting, settling, sleeping } from "../../dist/node.js";

/** @type {import("../interface.mjs").Library} */
export default {
  title: "rendezvous generator",
  style: "generator",
  make: (capacity) => chan(capacity),
  send: (channel, value) => channel.sending(value),
  receive: (channel) => channel.receiving(),
  value: (received) => received,
  spawn: go,
  gather: (bodies) => settling(gather(bodies)),
  run: (body) => go(body),
  select(receives, sends = []) {
    const either = selecting([
      ...receives.map((channel) => channel.receiving()),
      ...sends.map(([channel, value]) => channel.sending(value)),
    ]);
    return {
      wait: () => either,
      value: (selected) => selected.value,
      sent: (selected) => selected.case >= receives.length,
    };
  },
  selectsSends: true,
  receiveWithin: (channel, ms) => selecting({ value: channel.receiving(), late: sleeping(ms) }),
  receiveUnless: (channel, signal) => selecting({ value: channel.receiving(), gone: aborting(signal) }),
};
