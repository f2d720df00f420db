/** The simplest controller: everything waits until it is released, the last case is polled first, and every event is recorded. */
import type { Controller } from "../../src/core/controller.ts";
import { settle } from "./settle.ts";

export class TrivialController implements Controller {
  readonly waiting: (() => void)[] = [];
  readonly timers: { ms: number; fire: () => void; disarmed: boolean }[] = [];
  readonly counts: number[] = [];
  /** What the running code has made, begun, looked at or changed. */
  readonly told: unknown[] = [];

  started(proceed: () => void): boolean {
    return this.ready(proceed);
  }

  ready(proceed: () => void): boolean {
    this.waiting.push(proceed);
    return false;
  }

  turn(proceed: () => void): void {
    this.ready(proceed);
  }

  runsOn(): boolean {
    return false;
  }

  choose(count: number): number {
    this.counts.push(count);
    return count - 1;
  }

  arm(ms: number, fire: () => void): () => void {
    const timer = { ms, fire, disarmed: false };
    this.timers.push(timer);
    return () => { timer.disarmed = true; };
  }

  waits(waiter: object): void {
    this.told.push(waiter);
  }

  entered(scope: object): void {
    this.told.push(scope);
  }

  made(what: object): void {
    this.told.push(what);
  }

  moves(what: object): void {
    this.told.push(what);
  }

  accessed(what: unknown): void {
    this.told.push(what);
  }

  ended(task: object): void {
    this.told.push(task);
  }

  /** Let every waiter go on, the last first, until none is left. */
  async drain(): Promise<void> {
    for (await settle(); this.waiting.length > 0; await settle()) this.waiting.pop()?.();
  }
}
