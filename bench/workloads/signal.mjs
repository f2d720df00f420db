/**
 * A receive that a long-lived AbortSignal could end, and never does: the workload `timeout` with another guard. Afterwards no
 * listener may be left on the signal.
 */
import { getEventListeners } from "node:events";
import { growth, guarded } from "./timeout.mjs";

const { signal } = new AbortController();
const programs = guarded(({ receiveUnless }, channel) => () => receiveUnless(channel, signal));
const needs = ["make", "send", "receive", "receiveUnless", "spawn"];
const expected = (count) => count;

/** @type {import("../interface.mjs").Workload[]} */
export default [
  { name: "signal", title: "receive with an AbortSignal", unit: "ns a value", kind: "rate", needs, expected, ...programs },
  {
    name: "signal-heap",
    title: "left behind by each of them",
    unit: "bytes",
    kind: "once",
    needs,
    expected,
    ...programs,
    async figure(_library, run) {
      const bytes = await growth(run);
      const listeners = getEventListeners(signal, "abort").length;
      if (listeners > 0) throw new Error(`${listeners} listeners left`);
      return bytes;
    },
  },
];
