/**
 * A link: one direction of a connection in memory. What is sent into one is delivered at its other end, some time later.
 *
 * 1. First in, first out, whatever the timers do: a timer tells how many deliveries more are due, not which.
 * 2. Each delivery is made in a turn of its own, so that code runs in between, and a controller decides when.
 * 3. While the link is held nothing is delivered. All of it stays, and goes on when the link is let go.
 * 4. Cleared, it has nothing to deliver and no timer.
 *
 *        send ─► on the way, for `latency` ms ─► due ─► delivered, one a turn
 *                                                 └─ held: stays
 *
 * Idea: turmoil's links.
 */
import { Queue } from "../../support/queue.ts";
import { controller, touch } from "../../core/controller.ts";
import { enqueue, type Job } from "../../core/scheduler.ts";
import { arm } from "../../time/timer.ts";

/** Something that happens at the other end. */
export type Delivery = () => void;

export class Link implements Job {
  /** What traces call it. */
  readonly name: string;
  readonly #latency: () => number;
  readonly #isHeld: () => boolean;
  readonly #deliveries = new Queue<Delivery>();
  readonly #timers = new Set<() => void>();
  #due = 0;
  #going = false;

  /** `latency` in milliseconds, for each delivery. */
  constructor(name: string, latency: number | (() => number), isHeld: () => boolean) {
    this.name = name;
    this.#latency = typeof latency === "number" ? (): number => latency : latency;
    this.#isHeld = isHeld;
    controller?.moves(this);
  }

  send(...deliveries: readonly Delivery[]): void {
    touch(this);
    for (const delivery of deliveries) this.#deliveries.push(delivery);
    const latency = this.#latency();
    if (latency === 0) {
      this.#due += deliveries.length;
      this.go();
      return;
    }
    const disarm = arm(latency, () => {
      this.#timers.delete(disarm);
      this.#due += deliveries.length;
      if (!this.#going) this.run();
    });
    this.#timers.add(disarm);
  }

  /** Deliver what is due, unless it is held. */
  go(): void {
    touch(this);
    if (this.#going || this.#due === 0 || this.#isHeld()) return;
    this.#going = true;
    enqueue(this);
  }

  run(): void {
    touch(this);
    this.#going = false;
    if (this.#due === 0 || this.#isHeld()) return; // cleared or held, meanwhile
    this.#due--;
    this.#deliveries.shift()();
    this.go();
  }

  clear(): void {
    touch(this);
    for (const disarm of this.#timers) disarm();
    this.#timers.clear();
    while (this.#deliveries.size > 0) this.#deliveries.shift();
    this.#due = 0;
  }
}
