/** @thi.ng/csp. A capacity of 1, its default, is a rendezvous: a write settles when the value was read. */
import { channel, select, timeout } from "@thi.ng/csp";

/** @type {import("../interface.mjs").Library} */
export default {
  title: "thi.ng/csp",
  style: "async",
  imports: { from: "@thi.ng/csp", typical: "channel, select, timeout" },
  make: (capacity) => channel(Math.max(1, capacity)),
  send: (channel, value) => channel.write(value),
  receive: (channel) => channel.read(),
  value: (received) => received,
  spawn: (body, ...args) => body(...args),
  gather: (bodies) => Promise.all(bodies.map((body) => body())),
  select: (receives) => ({ wait: () => select(...receives), value: ([value]) => value }),
  receiveWithin: (channel, ms) => select(channel, timeout(ms)),
};
