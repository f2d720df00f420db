/**
 * The warning about a cancelled scope that does not end: it waits for something that no cancel reaches, and the warning says what to do.
 *
 * Platforms without async contexts always warn, since there a cancel does not find every wait; the others warn in debug mode only.
 */
import { contexts } from "../../platform/async-context.ts";
import { controller } from "../../core/controller.ts";
import { fulfilled } from "../../core/scheduler.ts";
import { armQuietly } from "../../time/timer.ts";
import { observer, type Named } from "./observer.ts";

/** A cancel scope, as far as the warning needs it. */
export interface Cancellable {
  /** The task or scope that runs in it. */
  readonly owner: Named & { readonly id: number; readonly cancelScope: Cancellable | undefined; readonly open?: keyof typeof openness | undefined };
  readonly children: Iterable<Cancellable>;
}

/** What reports say about a scope whose block has not been left: the scope around it waits for that. */
export const openness = {
  "in use": "is open: it ends when its block is left, or it is joined",
  "forgotten": 'was left open, and the code that opened it has ended: write "await using s = openScope()", or join it at the end',
} as const;

/** How long a cancelled scope may take to end before the warning, in milliseconds. */
const patience = 5000;

/** Cancelled scopes that have not ended, each with a function that calls its warning off. */
const overdue = new Map<Cancellable, () => void>();

/** Called when a cancel begins. The timer is armed in a later microtask, so that a scope that ends at once needs none. */
export function expectEnd(cancelScope: Cancellable): void {
  if (controller || (contexts && !observer?.whoWaits)) return;
  overdue.set(cancelScope, () => { /* not armed yet */ });
  void fulfilled.then(() => {
    if (!overdue.has(cancelScope)) return;
    overdue.set(cancelScope, armQuietly(patience, () => {
      overdue.delete(cancelScope);
      warn(cancelScope, observer?.whoWaits ?? whoLives);
    }));
  });
}

/** Called when a cancelled scope has ended: there will be no warning. */
export function hasEnded(cancelScope: Cancellable): void {
  if (overdue.size === 0) return;
  overdue.get(cancelScope)?.();
  overdue.delete(cancelScope);
}

function warn(cancelScope: Cancellable, lines: (cancelScope: Cancellable) => string[]): void {
  const { kind, name } = cancelScope.owner;
  const ofWhom = contexts ? "" : " of generator bodies, and, since browsers have no async contexts, what other bodies wait for first";
  console.warn(
    [
      `${kind} "${name}" was cancelled ${String(patience)} ms ago and has not ended. A cancel reaches the library's own waits${ofWhom};`,
      "pass its signal to the others, as in fetch(url, { signal: s.signal }), or use a generator body",
      ...lines(cancelScope).map((line) => `  ${line}`),
    ].join("\n"),
  );
}

/** The tasks in it that have not ended, and the open scopes whose block has not been left. */
function whoLives(cancelScope: Cancellable): string[] {
  const lives: string[] = [];
  const cancelScopes = [cancelScope];
  for (const scope of cancelScopes) {
    const { owner, children } = scope;
    cancelScopes.push(...children);
    if (owner.cancelScope !== scope) continue; // of a clean-up, or of the background
    const state = owner.kind === "task" ? "has not ended" : owner.open && openness[owner.open];
    if (state !== undefined) lives.push(`${owner.kind} ${String(owner.id)} ${JSON.stringify(owner.name)} ${state}`);
  }
  return lives;
}
