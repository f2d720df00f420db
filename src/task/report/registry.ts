/**
 * All live tasks and scopes, each from its creation to its end. Reports read the list, and it keeps them from being collected.
 *
 * Idea: the registries of Go's runtime and of trio; a program whose tasks cannot be listed cannot say why it hangs.
 */
import { Chain } from "../../support/chain.ts";
import type { TaskInfo } from "../cancel/cancel-scope.ts";

export const registry: Chain<TaskInfo> = new Chain();

let made = 0;

/** A number that no other task or scope has. */
export function nextId(): number {
  return ++made;
}
