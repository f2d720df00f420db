/**
 * Tools for deterministic tests.
 *
 * In browsers there are all but `memoryNet`; {@link explore}, {@link replay} and {@link seed} work there, and `bubble` says that it does not.
 *
 * @module rendezvous/testing
 */
export * from "./browser.ts";
// Networks
export { memoryNet, type MemoryNet, type MemoryNetOptions } from "./memory/net.ts";
