/**
 * What users give to a verb, checked at the call: options, signals, functions.
 *
 * 1. An option that a verb does not know is an error, and so is a signal in place of `{ signal }`: ignored, they would be a wait that nobody
 *    can end, a setting that does not hold.
 */
import { misuse, show, tagOf } from "../errors.ts";

/** What every waiting verb takes as its last argument. */
export interface WaitOptions {
  /**
   * Gives up when it aborts: the verb rejects with `signal.reason` itself and leaves no trace. Already aborted, it beats
   * whatever is ready. Nothing happens to an operation that came first.
   */
  signal?: AbortSignal | undefined;
}

/** The names of all options of one kind: the compiler sees to it that none is missing. */
export type Known<O> = Readonly<Record<keyof O, true>>;

/** Options as they were given, or a clear error that begins with `who`: the verb, or the very operation. */
export function knownOptions<O extends object>(options: O, known: Known<O>, who: unknown): O {
  const given: unknown = options;
  if (typeof given !== "object" || given === null) throw misuse(callOf(who), "its options as an object", given, `; write { ${namesOf(known)} }`);
  let named = 0;
  for (const name in given) {
    if ((known as Readonly<Record<string, unknown>>)[name] === true) named++;
    else if (Object.hasOwn(given, name)) throw unknownOption(given, name, known, who);
  }
  if (named === 0 && isSignal(given)) throw inPlaceOfOptions(given, known, who);
  return options;
}

const namesOf = (known: object): string => Object.keys(known).join(", ");

/** A sentence can begin with it: an operation is called as it is waited for, `for cell "a"`. */
const callOf = (who: unknown): string => String(who).replace(/^(?=for |to )/, "a wait ");

function unknownOption(given: object, name: string, known: object, who: unknown): TypeError {
  if (isSignal(given)) return inPlaceOfOptions(given, known, who);
  return new TypeError(`${callOf(who)} has no option ${show(name)}; it has ${namesOf(known)}`);
}

function inPlaceOfOptions(signal: AbortSignal, known: object, who: unknown): TypeError {
  return misuse(callOf(who), "signal" in known ? "a signal by its name, as { signal }" : "no signal", signal);
}

const waitOptions: Known<WaitOptions> = { signal: true };

/** The signal among the options of a verb that waits. */
export function signalOf(options: WaitOptions, who: unknown): AbortSignal | undefined {
  const { signal } = knownOptions(options, waitOptions, who);
  return signal === undefined ? undefined : checkedSignal(signal, "the option signal");
}

/** Whether it is an AbortSignal, of whichever realm or maker. */
export function isSignal(given: unknown): given is AbortSignal {
  const { aborted, addEventListener } = (given ?? {}) as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function";
}

/** A signal as it was given, or a clear error, before anybody takes a place in line. */
export function checkedSignal(signal: AbortSignal, who: string): AbortSignal {
  if (isSignal(signal)) return signal;
  throw misuse(who, "an AbortSignal, as controller.signal", signal);
}

/** What a function is, by how it was written. */
type Kind = "AsyncFunction" | "GeneratorFunction" | "AsyncGeneratorFunction";

/** A function as it was given, or a clear error with a call that is right; `none` are kinds whose results would be of no use. */
export function checkedFunction<F>(given: F, who: string, call: string, ...none: readonly Kind[]): F {
  if (typeof given === "function" && !none.some((kind) => kind === tagOf(given))) return given;
  throw misuse(who, `a function, as ${call}`, given);
}

/** A flag as it was given, or a clear error. */
export function checkedBoolean(given: boolean, what: string): boolean {
  if (typeof (given as unknown) === "boolean") return given;
  throw new TypeError(`${what} is true or false; got ${show(given)}`);
}
