/**
 * The entry on Node, Bun and Deno: the same exports, the platform's async contexts, and signals to which any number may listen.
 *
 * A task whose context holds no store pays nothing for contexts. The others keep the platform's own: an `AsyncResource`, which on Node is made and
 * entered in a tenth of the time of an `AsyncLocalStorage.snapshot()`, or a frame, which is entered in a fifth of that.
 *
 * The library reads from the platform where stores are kept. Before Node 24 that is the resource being executed; since then it is an immutable
 * frame, to which every new resource refers, and whose class reads and sets the current one. Deno hands out its frame. Bun shows neither, so there
 * the library takes a snapshot each time.
 *
 * @module
 */
import { AsyncLocalStorage, AsyncResource, executionAsyncResource } from "node:async_hooks";
import { setMaxListeners } from "node:events";
import "./platform/copies.ts";
import "./platform/rest.ts";
import { provideContexts, type AsyncContext } from "./platform/async-context.ts";
import { variable } from "./platform/environment.ts";
import { provideUnlimited } from "./platform/signals.ts";
import { debug } from "./task/report/debugging.ts";

export * from "./index.ts";

const makeResource = (): AsyncResource => new AsyncResource("rendezvous", { requireManualDestroy: true });

/** Deno's own functions that read and set the current context: they cost a tenth of a snapshot there. */
interface Core { getAsyncContext(): object | undefined; setAsyncContext(context: object | undefined): void }
interface Deno { readonly internal: symbol; readonly [internal: symbol]: { readonly core?: Partial<Core> } }
const { Deno: deno } = globalThis as { Deno?: Deno };
const core = ((offered?: Partial<Core>) =>
  typeof offered?.getAsyncContext === "function" && typeof offered.setAsyncContext === "function" ? (offered as Core) : undefined)(deno?.[deno.internal]?.core);

const ofFrame = Object.getOwnPropertySymbols(makeResource()).find(({ description }) => description === "context_frame");
/** The class of Node's frames, which reads and sets the current one. */
interface Frames { current(): object | undefined; set(frame: object | undefined): void }
let ofFrames: Frames | undefined;

/** The present frame of Node, to which a new resource refers. The first one shows its class: the library enters no store to look for it. */
function presentFrame(): object | undefined {
  if (ofFrames) return ofFrames.current();
  const frame = ofFrame && (makeResource() as unknown as Record<symbol, object | undefined>)[ofFrame];
  const offered = frame?.constructor as Partial<Frames> | undefined;
  if (typeof offered?.current === "function" && typeof offered.set === "function" && offered.current() === frame) {
    ofFrames = offered as Frames;
    renewOutside();
  }
  return frame;
}

/** A context as the platform hands it out. */
class Held implements AsyncContext {
  declare readonly context: object | undefined;

  constructor(context: object | undefined) {
    this.context = context;
  }

  runInAsyncScope<Self>(run: (this: Self) => void, self?: Self): void {
    const before = core ? core.getAsyncContext() : ofFrames?.current();
    change(this.context);
    try {
      run.call(self as Self);
    } finally {
      change(before);
    }
  }
}

function change(to: object | undefined): void {
  if (core) core.setAsyncContext(to);
  else ofFrames?.set(to);
}

function snapshot(): AsyncContext {
  if (core) return new Held(core.getAsyncContext());
  return ofFrames ? new Held(ofFrames.current()) : makeResource();
}

/** The context in which the library was loaded. */
const origin = snapshot();
/** The same, for what has no context of its own. */
let outside = snapshot();

function renewOutside(): void {
  origin.runInAsyncScope(() => { outside = snapshot(); });
}

/** The library's own storages, each added when it is first needed. */
const carried = new Set<unknown>();
let firstCarried: unknown;

/** How a platform keeps the stores of the running code: all of them in one holder, a resource or a frame. */
interface Stores {
  /** The holder of the running code. */
  present: () => object | undefined;
  /** Whether there is a store in it; the library's own counts only if `own` is true. */
  isIn: (holder: object, own: boolean) => boolean;
}

const ofStore = "kResourceStore";
/** The keys of the library's own storages, on platforms that keep stores by key. */
const keysOfCarried = new Set<string | symbol | undefined>();
/** The first of them, where the keys are symbols. */
let firstKey: symbol | undefined;
const resources: Stores = {
  present: executionAsyncResource,
  isIn: (resource, own) => {
    const held = resource as Record<symbol, unknown>;
    if (own && firstKey !== undefined && held[firstKey] !== undefined) return true; // mostly
    for (const symbol of Object.getOwnPropertySymbols(resource)) {
      if (symbol.description === ofStore && (own || !keysOfCarried.has(symbol)) && held[symbol] !== undefined) return true;
    }
    return false;
  },
};

const frames: Stores | undefined = ofFrame && {
  present: presentFrame,
  isIn: (holder, own) => {
    const frame = holder as ReadonlyMap<unknown, unknown>;
    if (frame.size === 1 && frame.has(firstCarried)) return own && frame.get(firstCarried) !== undefined; // mostly
    for (const [storage, store] of frame) {
      if (store !== undefined && (own || !carried.has(storage))) return true;
    }
    return false;
  },
};

/** Deno's: an object with an entry for each store. The value of an entry is hidden, so an entry set to `undefined` counts as a store. */
const mappings: Stores | undefined = core && {
  present: () => core.getAsyncContext(),
  isIn: (mapping, own) => Object.keys(mapping).some((key) => own || !keysOfCarried.has(key)),
};

/** Find out which entry is the library's own: the one that running its storage adds. */
function learnKey(storage: AsyncLocalStorage<unknown>): void {
  const keys = (): string[] => Object.keys(core?.getAsyncContext() ?? {});
  const before = keys();
  storage.run(true, () => { keysOfCarried.add(keys().find((key) => !before.includes(key))); });
}

const stores = ofStore in new AsyncLocalStorage() ? resources : frames ?? mappings;

/** The last holder seen without a store: the next one asked about is usually the same. */
let clean: object | undefined;

function mayHoldStore(own: boolean): boolean {
  if (!stores) return true;
  const holder = stores.present();
  if (holder === undefined || holder === clean) return false;
  if (stores.isIn(holder, own)) return true;
  if (own) clean = holder;
  return false;
}

/** Before Node 24, a store that user code enters here stays on the resource. In that case, use another resource for the code that runs here next. */
function leaveOutside(): void {
  if (stores === resources && resources.isIn(outside, true)) renewOutside();
}

provideContexts({
  isPlain: () => !mayHoldStore(false),
  isEmpty: () => {
    const holder = stores?.present(); // user code is running, and may have put a store into one that was clean
    return stores !== undefined && (holder === undefined || !stores.isIn(holder, true));
  },
  snapshot,
  outermost: {
    runInAsyncScope: (run, self) => {
      if (!mayHoldStore(true)) {
        run.call(self as never);
        return;
      }
      try {
        outside.runInAsyncScope(run, self);
      } finally {
        leaveOutside();
      }
    },
  },
  carry: <T>() => {
    const storage = new AsyncLocalStorage<unknown>();
    carried.add(storage);
    firstCarried ??= storage;
    if (mappings) learnKey(storage);
    else {
      const key = (storage as { [ofStore]?: symbol })[ofStore];
      keysOfCarried.add(key);
      firstKey ??= key;
    }
    return storage as AsyncLocalStorage<T>;
  },
});

try {
  setMaxListeners(0, new AbortController().signal);
  provideUnlimited((signal) => { setMaxListeners(0, signal); });
} catch { /* this platform does not take signals here, so it does not count their listeners either */ }

if (variable("RENDEZVOUS_DEBUG")) debug();
