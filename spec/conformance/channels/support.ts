/**
 * What the conformance specs of channels share besides the forms: chance from one seed, unhandled rejections, programs of their own.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { ClosedError, type Channel } from "../../../src/index.ts";
import { seed } from "../../../src/testing/index.ts";
import { seedOfRun, settle } from "../../support/settle.ts";
import { programArguments } from "../../support/runtime.ts";

/** A number from 0 up to, and without, `count`. */
export type Random = (count: number) => number;

/** A xorshift generator: a sequence of its own, apart from the library's. */
export function randomFrom(start: number): Random {
  let state = (start | 0) || 1;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

/** Runs a random spec: its own choices and those of `select` come from the seed of the run, which a failure names. */
export async function seeded(body: (random: Random) => Promise<void> | void): Promise<void> {
  seed(seedOfRun);
  try {
    await body(randomFrom(seedOfRun));
  } catch (error) {
    if (error instanceof Error) error.message += ` (RENDEZVOUS_SEED=${String(seedOfRun)})`;
    throw error;
  }
}

/** A few microtasks, and no macrotask. */
export async function microtasks(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await Promise.resolve();
}

/** In a suite: every spec fails during which a rejection stayed unhandled. Mocha by itself lets them pass. */
export function failOnUnhandledRejections(): void {
  const seen: unknown[] = [];
  const note = (error: unknown): void => { seen.push(error); };
  before(() => { process.on("unhandledRejection", note); });
  after(() => { process.removeListener("unhandledRejection", note); });
  afterEach(async () => {
    await settle();
    const [first] = seen.splice(0);
    if (first !== undefined) throw new Error(`unhandled rejection: ${String(first)}`, { cause: first });
  });
}

/** The unhandled rejections that come up while `body` runs and everything settles. */
export async function unhandledDuring(body: () => Promise<void> | void): Promise<unknown[]> {
  const seen: unknown[] = [];
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (error) => { seen.push(error); });
  try {
    await body();
    await settle();
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const other of others) process.on("unhandledRejection", other);
  }
  return seen;
}

/** Nobody waits on an open and empty channel: there is no sender to take from, and, if unbuffered, no receiver to serve. */
export function expectNobodyWaits<T>(channel: Channel<T>, what = "the channel"): void {
  expect(channel.tryReceive(), `a sender was left on ${what}`).to.equal(undefined);
  if (channel.capacity === 0) expect(channel.trySend(undefined as T), `a receiver was left on ${what}`).to.equal(false);
}

/** The error is a `ClosedError` with this case, that names the channel. */
export function expectClosed(error: unknown, channel: { readonly name: string }, key: string | number | undefined, what: string): void {
  expect(error, what).to.be.instanceOf(ClosedError);
  const closed = error as ClosedError;
  expect(closed.code, what).to.equal("RENDEZVOUS_CLOSED");
  expect(closed.case, what).to.equal(key);
  expect(closed.message, what).to.include(channel.name);
}

/** What a function throws; fails if it does not. */
export function thrownBy(body: () => unknown): unknown {
  let value: unknown;
  try {
    value = body();
  } catch (error) {
    return error;
  }
  throw new Error(`expected a throw, got ${String(value)}`);
}

/** How a program ended. */
export interface Ended {
  code: number | null;
  output: string;
  errors: string;
}

/** Runs a program, of `programs/` here or at a URL, in a process of its own, with `gc()` exposed. It is stopped when `ms` are over. */
export function runProgram(program: string | URL, args: readonly string[] = [], ms = 60_000): Promise<Ended> {
  const path = fileURLToPath(new URL(program, new URL("programs/", import.meta.url)));
  const cwd = fileURLToPath(new URL("../../..", import.meta.url)); // where the loader of TypeScript is found from
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, programArguments(path, ...args), { cwd, timeout: ms });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => { output += text; });
    child.stderr.setEncoding("utf8").on("data", (text: string) => { errors += text; });
    child.on("error", reject);
    child.on("close", (code) => { resolve({ code, output, errors }); });
  });
}
