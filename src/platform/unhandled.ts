/**
 * A failure that nobody waits for, of code that the library had to call: it reaches the process as one unhandled rejection.
 */
export function reportFailure(error: unknown): void {
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is passed on as it was thrown
  void Promise.reject(error);
}
