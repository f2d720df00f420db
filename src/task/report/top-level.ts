/**
 * The code outside of every task: the main module, handlers of the platform's events. What it waits for is known once somebody wants to know.
 */
import type { Living } from "./registry.ts";
import { identifyTopLevel } from "../cancel/current.ts";
import { Region } from "../cancel/cancel-scope.ts";

class TopLevel implements Living {
  before: Living | undefined = undefined;
  after: Living | undefined = undefined;
  readonly id = 0;
  readonly kind = "top level";
  readonly name = "top level";
  readonly region: Region = new Region(this, undefined);
}

let topLevel: TopLevel | undefined;

/** Know from here on what it waits for. */
export function watchTopLevel(): void {
  topLevel ??= new TopLevel();
  identifyTopLevel(topLevel.region);
}

/** The top level, if it is known to wait. */
export function waitingTopLevel(): Living[] {
  return topLevel?.region.waits.first ? [topLevel] : [];
}
