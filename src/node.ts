/**
 * The entry on Node, Bun and Deno: the same exports, and the platform's async contexts.
 *
 * 1. A task whose context holds no store pays nothing for contexts. A snapshot of about 3 kB for a task, and entering one at about
 *    130 ns for each row of the run queue, are for those that do hold one.
 * 2. Where stores are kept is read from the platform itself: before Node 24 on the resource that is being executed, since then in
 *    an immutable frame, which every new resource refers to. Whoever shows neither (Bun, Deno) is asked for a snapshot each time.
 *
 * @module
 */
import { AsyncLocalStorage, AsyncResource, executionAsyncResource } from "node:async_hooks";
import "./core/copies.ts";
import { provideContexts, type EnterContext } from "./core/context.ts";
import { variable } from "./core/environment.ts";
import { debug } from "./task/debugging.ts";

export * from "./index.ts";

const snapshot = (): EnterContext => AsyncLocalStorage.snapshot();
const outside = snapshot();

/** What goes along with the running code for the library itself, once it is needed. */
let carried: AsyncLocalStorage<unknown> | undefined;

/** Where the stores of the running code are kept. */
interface StorePlace {
  present: () => object | undefined;
  /** Whether a store is there, that of the library itself only if it is asked for. */
  holdsStore: (place: object, own: boolean) => boolean;
}

const ofStore = "kResourceStore";
const resources: StorePlace = {
  present: executionAsyncResource,
  holdsStore: (resource, own) => {
    const ownSymbol = (carried as { [ofStore]?: symbol } | undefined)?.[ofStore];
    return Object.getOwnPropertySymbols(resource).some(
      (symbol) =>
        symbol.description === ofStore && (own || symbol !== ownSymbol) && (resource as Record<symbol, unknown>)[symbol] !== undefined,
    );
  },
};

const makeResource = (): object => new AsyncResource("rendezvous", { requireManualDestroy: true });
const ofFrame = Object.getOwnPropertySymbols(makeResource()).find(({ description }) => description === "context_frame");
const frames: StorePlace | undefined = ofFrame && {
  present: () => (makeResource() as Record<symbol, object | undefined>)[ofFrame],
  holdsStore: (frame, own) => {
    for (const [storage, store] of frame as ReadonlyMap<unknown, unknown>) {
      if (store !== undefined && (own || storage !== carried)) return true;
    }
    return false;
  },
};

const places = ofStore in new AsyncLocalStorage() ? resources : frames;

/** The last place seen without any store: mostly it is the same again. */
let clean: object | undefined;

function mayHoldStore(own: boolean): boolean {
  if (!places) return true;
  const place = places.present();
  if (place === undefined || place === clean) return false;
  if (places.holdsStore(place, own)) return true;
  if (own) clean = place;
  return false;
}

provideContexts({
  capture: () => (mayHoldStore(false) ? snapshot() : undefined),
  isEmpty: () => {
    const place = places?.present(); // asked in the midst of code of the user, who may put a store into a place that was clean
    return places !== undefined && (place === undefined || !places.holdsStore(place, true));
  },
  snapshot,
  outermost: (run) => {
    if (mayHoldStore(true)) outside(run);
    else run();
  },
  carry: <T>() => (carried = new AsyncLocalStorage<unknown>()) as AsyncLocalStorage<T>,
});

if (variable("RENDEZVOUS_DEBUG")) debug();
