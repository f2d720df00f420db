/**
 * The entry on Node, Bun and Deno: the same exports, and the platform's async contexts for generator tasks.
 *
 * @module
 */
import { AsyncLocalStorage, executionAsyncResource } from "node:async_hooks";
import { provideContexts, type EnterContext } from "./core/context.ts";

export * from "./index.ts";

// Before Node 24 a store lives on the resource that is being executed, under a symbol, and there is none on it until somebody
// has used an AsyncLocalStorage: then a snapshot can be spared. Later versions, Bun and Deno do not show it.
const storesAreVisible = /^2[0-3]\./.test(process.versions.node) && !("bun" in process.versions) && !("deno" in process.versions);

const snapshot = (): EnterContext => AsyncLocalStorage.snapshot();

provideContexts({
  capture() {
    if (storesAreVisible && Object.getOwnPropertySymbols(executionAsyncResource()).length === 0) return undefined;
    return snapshot();
  },
  outermost: snapshot(),
});
