/**
 * Bodies of each kind that do the same, for properties that hold for all of them.
 */
import { perform, type Operation } from "../../src/node.ts";

/** How a wait ended: `undefined` for a generator that is ended where it waits, which cannot see why. */
export type Ending = { value: unknown } | { error: unknown } | undefined;

/** Makes a body that performs one operation and returns its value; `ended` is called with the end of the wait. */
export type Waits = <T>(make: () => Operation<T>, ended?: (ending: Ending) => void) => () => Promise<T> | Generator<unknown, T>;

const unheard = (): void => { /* nobody wants to know */ };

const asynchronous: Waits = (make, ended = unheard) => async () => {
  try {
    const value = await perform(make());
    ended({ value });
    return value;
  } catch (error) {
    ended({ error });
    throw error;
  }
};

const generator: Waits = (make, ended = unheard) =>
  function* () {
    let ending: Ending;
    try {
      const value = yield* make();
      ending = { value };
      return value;
    } catch (error) {
      ending = { error };
      throw error;
    } finally {
      ended(ending);
    }
  };

const plain: Waits = (make, ended = unheard) => () =>
  perform(make()).then(
    (value) => { ended({ value }); return value; },
    (error: unknown) => { ended({ error }); throw error; },
  );

/** The kinds of bodies, by name. */
export const kindsOfBody: readonly (readonly [kind: string, waits: Waits])[] = [
  ["an async body", asynchronous],
  ["a generator body", generator],
  ["a plain body", plain],
];
