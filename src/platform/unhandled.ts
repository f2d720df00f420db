/**
 * A failure that nobody waits for, of code that the library had to call: it reaches the process as one unhandled rejection.
 */
export function reportFailure(error: unknown): void {
  void Promise.reject(error);
}
