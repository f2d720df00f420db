/**
 * Cures: what to write in place of what was given, for the errors that say so.
 */
import { misuse, tagOf } from "../errors.ts";
import { isSignal } from "./given.ts";

/** Verbs in their two forms, and what has them. What has several is looked for first. */
const gerunds = {
  joining: "task.joining()", receiving: "ch.receiving()", sending: "ch.sending(value)", calling: "client.calling(value)", accepting: "server.accepting()",
  acquiring: "lock.acquiring()", taking: "limiter.taking()", waiting: "cell.waiting(test)",
};

/** What to write in place of what is no operation. */
export function insteadOfOperation(given: unknown): string {
  if (typeof given === "number") return "as ch.receiving(), or sleeping(ms) for a time";
  if (typeof given === "function") return "as ch.receiving() with its brackets, or guard(() => operation)";
  if (isSignal(given)) return "as aborting(signal)";
  const verbs = Object.entries(gerunds).filter(([verb]) => typeof (given as Record<string, unknown> | null | undefined)?.[verb] === "function");
  if (verbs.length > 0) return `as ${verbs.map(([, gerund]) => gerund).join(" or ")}`;
  if (typeof (given as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function") {
    return "as ch.receiving(), not ch.receive(), or settling(promise) for a promise of others";
  }
  if (tagOf(given) === "Generator") return "and a generator is a body: go(function* () { ... })";
  const foreign = typeof (given as { map?: unknown } | null | undefined)?.map === "function" && !Array.isArray(given);
  return foreign ? "one of this copy of the library; see npm ls rendezvous" : "as ch.receiving()";
}

/** What is said of cases that stand in no record and no array. An operation, a map, a set has fields that are no cases, or none. */
export function notCases(who: string, given: unknown): TypeError | undefined {
  const hasCases = Array.isArray(given) || (typeof given === "object" && given !== null && !(Symbol.iterator in given));
  return hasCases ? undefined : misuse(who, "a record or an array of operations", given);
}
