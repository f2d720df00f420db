/**
 * Everything that lives: each task and scope from its making to its end, for reports and against being collected.
 *
 * Idea: the registries of Go's runtime and of trio; a program whose tasks cannot be listed cannot say why it hangs.
 */
import { Chain, type Linked } from "../core/chain.ts";
import type { Driver } from "./generator.ts";
import type { Region } from "./region.ts";

/** What reports call it. All but a task are scopes. */
export type Kind = "task" | "scope" | "timeout" | "shield" | "gather" | "race" | "run" | "top level";

/** A task or a scope, as reports see it. */
export interface Living extends Linked<Living> {
  readonly id: number;
  readonly name: string;
  readonly kind: Kind;
  /** What it runs in; a free task has one only where somebody wants to know what it waits for. */
  readonly region: Region | undefined;
  /** The generator that it runs, if it is one. */
  readonly driver?: Driver | undefined;
  /** Whether a signal may cancel it. */
  readonly holdsSignal?: boolean;
}

export const living: Chain<Living> = new Chain();

let made = 0;

/** A number that no other task or scope has. */
export function nextId(): number {
  return ++made;
}
