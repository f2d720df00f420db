/**
 * The process (or page), while a program is under control: there is one at a time, and failures that nobody handles are its own.
 */
import { clockIsReal, controller } from "../../core/controller.ts";
import { reportFailure } from "../../platform/unhandled.ts";
import type { TaskInfo } from "../../task/cancel/cancel-scope.ts";
import { registry } from "../../task/report/registry.ts";
import { Task } from "../../task/task.ts";
import { takeRejections } from "./platform.ts";

/** Who has it. */
let taker: string | undefined;
/** What was rejected and is not handled yet, in order. */
const unhandled = new Map<Promise<unknown>, unknown>();
/** What is alive and part of another program; and what has failed of that, to be told when the process is given back. */
const others = new Set<TaskInfo>();
const failuresOfOthers: unknown[] = [];
let told: () => void = () => { /* nobody asks */ };

const hear = (reason: unknown, promise: Promise<unknown>): void => {
  unhandled.set(promise, reason);
  told();
};
const forget = (promise: Promise<unknown>): void => { unhandled.delete(promise); };

/** Take the process: rejections that nobody handles are kept, and `heard` is called for each. The result gives it back. */
export function takeProcess(who: string, heard?: () => void): () => void {
  const release = reserveProcess(who);
  const giveBack = hearFailures(heard);
  return () => {
    giveBack();
    release();
  };
}

/** Keep others from taking the process. */
export function reserveProcess(who: string): () => void {
  if (taker !== undefined || controller) {
    throw new TypeError(`${who} does not work inside explore, replay or bubble, nor beside one${taker === undefined ? "" : `; ${taker} is running`}: end that first`);
  }
  if (!clockIsReal()) throw new TypeError(`${who} has a clock of its own, and a fake clock is installed: restore it first`);
  taker = who;
  return () => { taker = undefined; };
}

/** From here on rejections that nobody handles are kept, and `heard` is called for each. The result ends that. */
export function hearFailures(heard: () => void = () => { /* it asks later */ }): () => void {
  told = heard;
  forgetFailures();
  const stopHearing = takeRejections(hear, forget);
  return () => {
    failuresHeard();
    stopHearing();
    others.clear();
    for (const failure of failuresOfOthers.splice(0)) reportFailure(failure);
  };
}

/** What was rejected, and is not handled by now. The event loop has to have turned for it to be known. */
export function failuresHeard(): unknown[] {
  if (unhandled.size > 0) for (const one of others) keepFailureOf(one);
  return [...unhandled.values()];
}

/** Whether what was heard is the failure of a task of another program: that is not for the one that is under control. */
function keepFailureOf(one: TaskInfo): void {
  if (!(one instanceof Task) || one.state !== "failed") return;
  others.delete(one);
  try {
    one.outcome();
  } catch (failure) {
    for (const [promise, reason] of unhandled) if (reason === failure) unhandled.delete(promise);
    failuresOfOthers.push(failure);
  }
}

/** A new program begins: what was heard before is none of its business, and what is alive is no part of it. */
export function forgetFailures(): void {
  if (unhandled.size > 0) {
    failuresHeard();
    unhandled.clear();
  }
  for (let one = registry.first; one; one = one.after) others.add(one);
}
