/**
 * What pushes by its name, known by its shape: an EventTarget, or an emitter of Node's kind.
 */
import { reportFailure } from "../../platform/unhandled.ts";

/** What an emitter looks like, as far as listening needs it: Node's `EventEmitter` and its likes. */
export interface EmitterLike {
  /** Listens. */
  on(name: never, listener: never): unknown;
  /** Stops listening. */
  off(name: never, listener: never): unknown;
}

/** What listens. It gives nothing: an emitter may take what a listener returns for a promise of it. */
export type Listener = (...args: unknown[]) => void;

interface Emitter {
  on(name: string | symbol, listener: Listener): unknown;
  off(name: string | symbol, listener: Listener): unknown;
}

const has = (given: unknown, ...names: readonly string[]): boolean => names.every((name) => typeof (given as Record<string, unknown> | null | undefined)?.[name] === "function");

/** Whether it is an emitter, in which an error is more than an event like any other. */
export const isEmitter = (given: unknown): given is EmitterLike => has(given, "on", "off") && !has(given, "addEventListener", "dispatchEvent");

/** Whether one can listen to it by the name of an event. */
export const isListenable = (given: unknown): given is EventTarget | EmitterLike => isEmitter(given) || has(given, "addEventListener", "removeEventListener");

/** Listen. Gives what stops it, which never throws. */
export function listening(source: EventTarget | EmitterLike, name: string | symbol, listener: Listener): () => void {
  if (isEmitter(source)) {
    const emitter: Emitter = source;
    emitter.on(name, listener);
    return () => { attempt(() => { emitter.off(name, listener); }); };
  }
  source.addEventListener(name as string, listener);
  return () => { attempt(() => { source.removeEventListener(name as string, listener); }); };
}

/** Run code that others wrote, whose failure is nobody's in particular. */
export function attempt(step: () => void): void {
  try {
    step();
  } catch (error) {
    reportFailure(error);
  }
}
