/**
 * Everything that lives: each task and scope from its making to its end, for reports and against being collected.
 *
 * Idea: the registries of Go's runtime and of trio; a program whose tasks cannot be listed cannot say why it hangs.
 */
import { Chain, type Linked } from "../../support/chain.ts";
import type { Driver } from "../generator.ts";
import type { CancelScope } from "../cancel/cancel-scope.ts";

/** What reports call it. All but a task are scopes. */
export type Kind = "task" | "scope" | "timeout" | "shield" | "gather" | "race" | "run" | "top level";

/** A task or a scope, as reports see it. */
export interface TaskInfo extends Linked<TaskInfo> {
  readonly id: number;
  readonly name: string;
  readonly kind: Kind;
  /** What it runs in; a free task has one only where somebody wants to know what it waits for. */
  readonly cancelScope: CancelScope | undefined;
  /** The generator that it runs, if it is one. */
  readonly driver?: Driver | undefined;
  /** Whether a signal may cancel it. */
  readonly holdsSignal?: boolean;
  /** A scope without a body whose block has not been left; forgotten, if whoever opened it has ended. */
  readonly open?: "in use" | "forgotten" | undefined;
  /** What a scope has failed with that waits for the others. */
  readonly failure?: { readonly error: unknown } | undefined;
}

/** What is to be said of a scope whose block has not been left: whoever is around it waits for that. */
export const openness = {
  "in use": "is open: it ends when its block is left, or it is joined",
  "forgotten": 'was left open, and whoever opened it has ended: write "await using s = openScope()", or join it in the end',
} as const;

export const registry: Chain<TaskInfo> = new Chain();

let made = 0;

/** A number that no other task or scope has. */
export function nextId(): number {
  return ++made;
}
