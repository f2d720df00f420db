/**
 * A call as its server sees it.
 *
 * 1. It has one outcome: a reply, a failure, or that it was dropped. What comes after that, or after its caller has given up, changes nothing.
 *
 *        in line ─► accepted ─► replied, failed or dropped
 *           └───────────┴─────► its caller has given up: its signal aborts
 */
import { touch } from "../core/controller.ts";
import { BareWaiter, type Outcome } from "../core/wait-queue.ts";
import { withFacts } from "../support/printing.ts";
import { Abandonable } from "../talk/abandonable.ts";
import type { Call } from "../talk/calls.ts";
import type { Message } from "./broker.ts";

/** What becomes of a call: replied, failed, dropped, or refused before it was accepted. */
export type CallOutcome = "+" | "!" | "/" | "-";

/** Where calls come from and where their outcomes go. */
export interface CallOwner {
  readonly title: string;
  replyOf(value: unknown): Uint8Array;
  failureOf(error: unknown): Uint8Array;
  ends(call: ServedCall, outcome: CallOutcome, body?: Uint8Array): void;
}

/** What its caller has said of a call. */
export interface CallHead {
  /** The caller's address. */
  readonly from: string;
  readonly seq: string;
  /** The caller's patience, in milliseconds. */
  readonly patience: number;
  /** Until when it may wait in line here. */
  readonly until: number;
  /** The caller waits for its acceptance. */
  readonly early: boolean;
}

export class ServedCall extends Abandonable implements Call<unknown, unknown> {
  readonly value: unknown;
  readonly head: CallHead;
  readonly #owner: CallOwner;
  /** Its question, until that is answered. */
  question: Message | undefined;
  accepted = false;
  /** In line for its acceptance. */
  inLine: CallInLine | undefined = undefined;
  #over = false;

  constructor(owner: CallOwner, head: CallHead, value: unknown, question: Message) {
    super();
    this.#owner = owner;
    this.head = head;
    this.value = value;
    this.question = question;
  }

  get key(): string {
    return `${this.head.from} ${this.head.seq}`;
  }

  override toString(): string {
    return withFacts(`Call of ${this.#owner.title}`, this.abandoned ? "given up" : this.#over ? "answered" : "waits for its answer");
  }

  reply(value: unknown): boolean {
    return this.#ends("+", () => this.#owner.replyOf(value));
  }

  fail(error: unknown): boolean {
    return this.#ends("!", () => this.#owner.failureOf(error));
  }

  [Symbol.dispose](): void {
    this.#ends("/");
  }

  #ends(outcome: CallOutcome, bodyOf?: () => Uint8Array): boolean {
    touch(this, "reply");
    if (this.#over) return false;
    const body = bodyOf?.(); // may throw: then it has no outcome yet
    this.#over = true;
    this.#owner.ends(this, outcome, body);
    return true;
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    touch(this, "reply");
    if (this.#over) return;
    this.#over = true;
    this.abandonNow();
  }
}

/** Stands in line for a call. */
export class CallInLine extends BareWaiter {
  readonly call: ServedCall;
  readonly #accepted: (call: ServedCall) => void;

  constructor(call: ServedCall, accepted: (call: ServedCall) => void) {
    super();
    this.call = call;
    this.slot = call;
    this.#accepted = accepted;
  }

  override resume(how: Outcome): void {
    if (how !== "error") this.#accepted(this.call);
  }
}
