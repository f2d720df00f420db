/**
 * Shared objects: what tasks share besides channels, made visible to the explorer.
 */
import { misuse } from "../errors.ts";
import { tellMade, touch } from "../core/controller.ts";

/**
 * An object whose properties several tasks read and write, in a program that is explored with `"dpor"`: it sees only channels, joins
 * and timers by itself. Other strategies need no such help.
 *
 * @param value - the object; it is used through the result, property by property
 *
 * @example
 * ```ts
 * import { go } from "rendezvous";
 * import { explore, shared } from "rendezvous/testing";
 *
 * const { outcomes } = await explore(async ({ outcome }) => {
 *   const last = shared({ writer: "" });
 *   await Promise.all(["a", "b"].map((name) => go(() => { last.writer = name; })));
 *   outcome(last.writer);
 * }, { strategy: "dpor" });
 * console.log([...outcomes.keys()].sort()); // [ 'a', 'b' ]
 * ```
 *
 * Idea: loom's cells.
 */
export function shared<T extends object>(value: T): T {
  if ((typeof (value as unknown) !== "object" && typeof (value as unknown) !== "function") || (value as unknown) === null) throw misuse("shared", "an object, as shared({ count: 0 })", value);
  const told: T = new Proxy(value, {
    get: (target, key, receiver) => {
      touch(told);
      return Reflect.get(target, key, receiver) as unknown;
    },
    set: (target, key, given, receiver): boolean => {
      touch(told);
      return Reflect.set(target, key, given, receiver === told ? target : receiver);
    },
  });
  tellMade(told);
  return told;
}
