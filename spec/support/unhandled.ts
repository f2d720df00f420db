/** Unhandled rejections, heard by a spec instead of mocha. */
import { settle } from "./settle.ts";

/** The reasons of all rejections that stay unhandled while the body runs and everything settles. */
export async function unhandledDuring(body: () => unknown): Promise<unknown[]> {
  const listeners = process.listeners("unhandledRejection");
  const reasons: unknown[] = [];
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (reason) => reasons.push(reason));
  try {
    await body();
    await settle();
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
  }
  return reasons;
}
