/**
 * The code outside of every task: the main module, and handlers of the platform's events. What it waits for is known after `watchTopLevel()`.
 */
import { identifyTopLevel } from "../cancel/current.ts";
import { CancelScope, type TaskInfo } from "../cancel/cancel-scope.ts";

class TopLevel implements TaskInfo {
  before: TaskInfo | undefined = undefined;
  after: TaskInfo | undefined = undefined;
  readonly id = 0;
  readonly kind = "top level";
  readonly name = "top level";
  readonly cancelScope: CancelScope = new CancelScope(this, undefined);
}

let topLevel: TopLevel | undefined;

/** Begin to keep track of what it waits for. */
export function watchTopLevel(): void {
  topLevel ??= new TopLevel();
  identifyTopLevel(topLevel.cancelScope);
}

/** The top level, if it is known to wait. */
export function waitingTopLevel(): TaskInfo[] {
  return topLevel?.cancelScope.waits.empty === false ? [topLevel] : [];
}
