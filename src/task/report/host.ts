/**
 * The process that a program runs in, where there is one: Node, Bun, Deno.
 */

/** The part of Node's `process` that the library uses. */
export interface Host {
  exitCode?: number | string | null | undefined;
  readonly stderr: { write(text: string): unknown };
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  exit(code?: number): never;
  /** The kinds of resources that keep it alive. */
  getActiveResourcesInfo?(): string[];
  resourceUsage?(): { voluntaryContextSwitches: number };
}

/** The process, where there is one. */
export function host(): Host | undefined {
  const { process } = globalThis as unknown as { process?: Partial<Host> };
  return typeof process?.on === "function" ? (process as Host) : undefined;
}
