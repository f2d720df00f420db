/** This library, with generator functions. */
import { aborting, always, awaiting, chan, checkpoint, gather, go, scope, selecting, sleeping, timeout } from "../../dist/bundle/node.js";

/** @type {import("../interface.mjs").Library} */
export default {
  title: "rendezvous generator",
  style: "generator",
  make: (capacity) => chan(capacity),
  send: (channel, value) => channel.sending(value),
  receive: (channel) => channel.receiving(),
  value: (received) => received,
  spawn: go,
  gather: (bodies) => awaiting(gather(bodies.map((body) => go(body)))),
  inScope: (body) =>
    awaiting(
      scope(function* inScope(s) {
        const cancel = () => {
          s.cancel();
          return always(undefined);
        };
        return yield* body((child, ...args) => s.go(child, ...args), cancel);
      }).catch((error) => {
        if (error.code !== "RENDEZVOUS_CANCELLED") throw error;
      }),
    ),
  breathe: () => awaiting(checkpoint()),
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
  receiveInTimeout: (channel, ms) =>
    awaiting(
      timeout(ms, function* () {
        return yield* channel.receiving();
      }),
    ),
  receivingInTimeout(channel, ms) {
    const body = function* () {
      return yield* channel.receiving();
    };
    return () => awaiting(timeout(ms, body));
  },
  receiveUnless: (channel, signal) => selecting({ value: channel.receiving(), gone: aborting(signal) }),
};
