/** A row of the matrix that `npm run runtimes` prints: one thing that was tried in one place. */
export interface Row {
  /** What was tried: `declarations`, `the examples`, with the id of the property it shows. */
  what: string;
  /** Where: a runtime, a compiler, a bundler, with its version. */
  where: string;
  outcome: "passed" | "failed" | "not run";
  /** Why it failed, or was not run. */
  detail?: string;
  /** How many specs, or programs, it stands for: one, if left out. */
  passed?: number;
  failed?: number;
  /** It shows what other rows have counted. */
  counted?: boolean;
}
