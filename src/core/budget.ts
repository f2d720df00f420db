/**
 * The budget: after so many wake-ups, or so much time, without the event loop having turned, the next wake-ups are held back until it has. Tasks that only
 * talk to each other starve no timer and no socket. Off while a fake clock is installed.
 *
 * 1. `slice` wake-ups are free; then the count and the clock are looked at.
 * 2. One late look proves nothing, since the loop may have turned since. So the first arms a macrotask, and only if that has not run by the second are
 *    wake-ups held.
 */
import { afterTurn, macrotask, now } from "../platform/macrotask.ts";
import { clockIsReal, controller } from "./controller.ts";

const sliceLength = 64;
const wakesPerLook = 16_384;
const msPerLook = 3;

const budget = { slice: sliceLength }; // in an object: V8 counts faster there than in a variable of the module
let wakes = 0;
let lookedAt = 0;
/** Whether the event loop has not turned since the last look. */
let watching = false;
let turning = false;
let held: (() => void)[] = [];

/** Take one wake-up from the budget. False: the event loop has to turn first, so `hold` what was to be resumed. */
export function spend(): boolean {
  return --budget.slice > 0 || renew();
}

function renew(): boolean {
  budget.slice = 0;
  if (controller || turning) return false;
  if (clockIsReal()) {
    wakes += sliceLength;
    if (wakes >= wakesPerLook || now() - lookedAt > msPerLook) {
      if (watching) return false;
      watching = true;
      macrotask(turned);
      look();
    }
  }
  budget.slice = sliceLength;
  return true;
}

function look(): void {
  wakes = 0;
  lookedAt = now();
}

function turned(): void {
  watching = false;
  look();
}

/** The same for code that need not wait, and runs on. */
export function spendHere(): boolean {
  return --budget.slice > 0 || renewHere();
}

function renewHere(): boolean {
  if (!controller) return renew();
  budget.slice = 0;
  return controller.runsOn();
}

/** Keep a wake-up until the event loop has turned, in order with all others that are kept. */
export function hold(proceed: () => void, who?: object): void {
  if (controller) {
    if (controller.ready(proceed, who)) proceed();
    return;
  }
  held.push(proceed);
  if (!turning) {
    turning = true;
    afterTurn(turn);
  }
}

function turn(): void {
  turning = false;
  budget.slice = sliceLength;
  look();
  const proceeding = held;
  held = [];
  for (const proceed of proceeding) proceed();
}

/** Forget the slice that has begun: who is in control has changed. */
export function endSlice(): void {
  budget.slice = 0;
}
