/**
 * The entry on Node, Bun and Deno: the same exports, and the platform's async contexts for generator tasks.
 *
 * @module
 */
import { AsyncLocalStorage, executionAsyncResource } from "node:async_hooks";
import { provideContexts, type EnterContext } from "./core/context.ts";

export * from "./index.ts";

// Before Node 24 a store lives on the resource that is being executed, under a symbol of this description, and there is none on it
// unless somebody has put one there: then a snapshot, of about 3 kB, can be spared. Later versions, Bun and Deno do not show it.
const storesAreVisible = /^2[0-3]\./.test(process.versions.node) && !("bun" in process.versions) && !("deno" in process.versions);
const ofStore = "kResourceStore";

function holdsStore(resource: object): boolean {
  return Object.getOwnPropertySymbols(resource).some(
    (symbol) => symbol.description === ofStore && (resource as Record<symbol, unknown>)[symbol] !== undefined,
  );
}

const snapshot = (): EnterContext => AsyncLocalStorage.snapshot();

provideContexts({
  capture: () => (storesAreVisible && !holdsStore(executionAsyncResource()) ? undefined : snapshot()),
  outermost: snapshot(),
});
