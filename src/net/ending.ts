/** The end of a connection, to be waited for. */
import { tellMade, touch } from "../core/controller.ts";
import { External, nothing, Performable, type Nothing } from "../core/operation.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";

/** Happens when the socket has closed. */
export class Ending extends Performable<void> {
  readonly #name: string;
  readonly #outer: boolean;
  readonly #waiting = new WaitQueue(this);
  #happened = false;

  constructor(name: string, outer: boolean) {
    super();
    this.#name = name;
    this.#outer = outer;
    tellMade(this.#waiting);
  }

  get happened(): boolean {
    return this.#happened;
  }

  happen(): void {
    this.#happened = true;
    this.#waiting.resumeAll("value", undefined);
  }

  override get traits(): number {
    return this.#outer ? External : 0;
  }

  override toString(): string {
    return `the end of the ${this.#name}`;
  }

  override attempt(): undefined | Nothing {
    touch(this.#waiting);
    return this.#happened ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.#waiting.join(waiter);
  }
}
