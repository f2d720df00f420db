/**
 * The time that timers follow, for code that needs to know how much has passed between two moments at which no timer fires.
 *
 * 1. It is read from the clock that moves the timers (`timersNow`). When another clock takes over, such as a fake one, time goes on from where it
 *    was.
 * 2. It never goes back.
 * 3. A timer that has fired proves that its time has passed, whatever the clock says: platforms fire up to a millisecond early, and some fake
 *    clocks move nothing but timers.
 */
import { timersNow, type Moment } from "./timer.ts";

export class TimerClock {
  #last: Moment = timersNow();
  #now = 0;

  /** Milliseconds since it was made. */
  get now(): number {
    const last = this.#last;
    const moment = (this.#last = timersNow());
    if (moment.clock === last.clock && moment.ms > last.ms) this.#now += moment.ms - last.ms;
    return this.#now;
  }

  /** A timer has fired, so at least this much time has passed. */
  reaches(ms: number): void {
    this.#now = Math.max(this.now, ms);
  }
}
