/**
 * What a channel is made with, checked at the call.
 */
import { show } from "../errors.ts";
import { knownOptions, type Known } from "../support/given.ts";
import type { Buffer, ChannelOptions } from "./channel-types.ts";

/** A capacity as it was given, or a clear error. */
export function checkedCapacity(capacity: unknown = 0): number {
  if (typeof capacity === "number" && capacity >= 0 && (Number.isInteger(capacity) || capacity === Infinity)) {
    return capacity + 0; // -0 is 0
  }
  throw new RangeError(`a channel takes a whole capacity from 0 up, or Infinity; got ${show(capacity)}`);
}

const channelOptions: Known<ChannelOptions<never>> = { capacity: true, overflow: true, buffer: true, onDrop: true, name: true };
const policies = ["wait", "drop-newest", "drop-oldest"];
const buffersInUse = new WeakSet();

/** Options as they were given, or a clear error. */
export function checkedOptions<T>(options: ChannelOptions<T>): ChannelOptions<T> {
  const { overflow = "wait", buffer, onDrop, name } = knownOptions(options, channelOptions, "chan");
  const check = (good: boolean, what: string, value: unknown, cure = ""): void => {
    if (!good) throw new TypeError(`the ${what} of a channel cannot be ${show(value)}${cure}`);
  };
  check(policies.includes(overflow), "overflow", overflow, `; it is ${policies.join(", ")}`);
  if (buffer !== undefined) {
    const given = buffer as Partial<Buffer<T>> | null;
    check(typeof given?.push === "function" && typeof given.shift === "function" && typeof given.size === "number", "buffer", buffer, "; write { capacity: 100, buffer: byPriority(compare) }");
    check(options.capacity !== undefined, "capacity beside a buffer", undefined, "; write { capacity: 100, buffer }");
    check(!buffersInUse.has(buffer), "buffer, which is that of another,", buffer);
    check(overflow === "wait", "overflow beside a buffer", overflow);
    buffersInUse.add(buffer);
  }
  check(onDrop === undefined || typeof onDrop === "function", "onDrop", onDrop);
  check(name === undefined || typeof name === "string", "name", name);
  return { ...options };
}
