/** What the specs of synchronisation share. */
import type { Permit, Semaphore } from "../../../src/sync/index.ts";
import { settle } from "../../support/settle.ts";

/** Take so many permits, which are free. */
export function taken(from: Semaphore, n = 1): Permit {
  const permit = from.tryAcquire(n);
  if (!permit) throw new Error("it is not free");
  return permit;
}

/** Records the result of each of them, in the order in which they settle. */
export class Log {
  readonly entries: string[] = [];

  note(name: string, promise: Promise<unknown>): void {
    promise.then(
      () => { this.entries.push(name); },
      (error: unknown) => { this.entries.push(`${name}: ${error instanceof Error ? error.name : String(error)}`); },
    );
  }

  /** What has settled since it was asked last. */
  async since(): Promise<string> {
    await settle();
    return this.entries.splice(0).join(", ");
  }
}

/** What it throws; fails if it throws nothing. */
export function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it throws nothing");
}
