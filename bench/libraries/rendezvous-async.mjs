/** This library, with async functions. */
import { chan, checkpoint, gather, go, perform, scope, select, selecting, sleeping, timeout } from "../../dist/bundle/node.js";

/** @type {import("../interface.mjs").Library} */
export default {
  title: "rendezvous async",
  style: "async",
  imports: { from: "../dist/index.js", typical: "chan, go, select, sleep" },
  make: (capacity) => chan(capacity),
  send: (channel, value) => channel.send(value),
  receive: (channel) => channel.receive(),
  value: (received) => received,
  spawn: go,
  gather: (bodies) => gather(bodies.map((body) => go(body))),
  inScope: (body) => scope((s) => body((child, ...args) => s.go(child, ...args), () => s.cancel())),
  scopeOf: scope,
  breathe: () => checkpoint(),
  select(receives, sends = []) {
    const either = selecting([
      ...receives.map((channel) => channel.receiving()),
      ...sends.map(([channel, value]) => channel.sending(value)),
    ]);
    return {
      wait: () => perform(either),
      value: (selected) => selected.value,
      sent: (selected) => selected.case >= receives.length,
    };
  },
  selectsSends: true,
  receiveWithin: (channel, ms) => select({ value: channel.receiving(), late: sleeping(ms) }),
  receiveInTimeout: (channel, ms) => timeout(ms, () => channel.receive()),
  receivingInTimeout(channel, ms) {
    const body = () => channel.receive();
    return () => timeout(ms, body);
  },
  receiveUnless: (channel, signal) => channel.receive({ signal }),
};
