/**
 * Traits: what the mechanism, or a report, has to know of an operation. They are bits, so that those of several operations are combined by `|`.
 */

/** `prepare` gives another operation. */
export const Prepares = 1;
/** Enlisting runs user code. */
export const RunsUserCode = 2;
/** A waiter may be resumed with a function that gives the result. */
export const ResultIsDeferred = 4;
/** It happens because of something outside the library: I/O, a promise, an operation of the user's own. */
export const External = 8;
/** A generator task performs it even when cancelled, and a cancel does not withdraw it. */
export const OutlastsCancel = 16;
/** The abort of a signal ends it. */
export const HoldsSignal = 32;
/** It fails when it is waited for alone, and never happens as a case. */
export const FailsAlone = 64;
