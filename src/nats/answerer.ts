/**
 * The answering end of calls between machines. How a call goes is drawn in `remote-calls.ts`.
 *
 * 1. A call that waits in line here for as long as its caller allows is refused, so that another server gets it. While nobody accepts for half a
 *    `patience`, this end leaves the group until somebody does.
 * 2. A call that is answered soon has its answer for its first one. Otherwise its caller is told who has it, and every half of its patience that it is
 *    being worked on.
 * 3. A later answer is given again until its caller has confirmed it, for as long as anybody may wait for it.
 * 4. Closed, it refuses what waits in line or is still on its way, and answers what was accepted.
 */
import { chan, type Channel } from "../channel/channel.ts";
import { withdraw } from "../core/wait-queue.ts";
import { NobodyThere, TimedOut, type Message, type Subscription } from "./broker.ts";
import type { Client, Part } from "./client.ts";
import { bytesOf, textOf } from "./codec.ts";
import { partsOf } from "./errors.ts";
import { framed, unframed } from "./frames.ts";
import { CallInLine, ServedCall, type CallHead, type CallOutcome, type CallOwner } from "./served-call.ts";

/** Who answers within so many milliseconds does it in one message. */
const soon = 10;
/** How many times an answer is given again, each half of a patience, to a caller that does not confirm it. */
const most = 32;

/** A process whose calls are being worked on. */
interface Peer {
  readonly calls: Set<ServedCall>;
  readonly stop: { now: () => void };
}

/** An answer that its caller has not confirmed. */
interface Answer {
  readonly to: string;
  readonly bytes: Uint8Array;
  readonly patience: number;
  times: number;
}

export class Answerer implements Part, CallOwner {
  before: Part | undefined = undefined;
  after: Part | undefined = undefined;
  readonly title: string;
  /** The calls that have come, and those who wait for one. */
  readonly requests: Channel<ServedCall>;
  readonly #client: Client;
  readonly #subject: string;
  readonly #key: string;
  readonly #me: string;
  readonly #check: (value: unknown) => unknown;
  #closed = false;
  #began = false;
  #notices: Subscription | undefined = undefined;
  #group: Subscription | undefined = undefined;
  /** All that are not settled. */
  readonly #calls = new Map<string, ServedCall>();
  readonly #line = new Set<CallInLine>();
  #lastAccepted = 0;
  #stopLine: (() => void) | undefined = undefined;
  /** Accepted, and their callers do not know it yet. */
  readonly #untold = new Set<ServedCall>();
  #stopTelling: (() => void) | undefined = undefined;
  readonly #peers = new Map<string, Peer>();
  readonly #answers = new Set<Answer>();

  constructor(client: Client, subject: string, title: string, key: string, check: (value: unknown) => unknown) {
    this.#client = client;
    this.title = title;
    this.#subject = subject;
    this.#key = key;
    this.#me = `${client.id}.${key}`;
    this.#check = check;
    this.requests = chan<ServedCall>({ name: title });
  }

  /** Somebody accepts calls. */
  listen(): void {
    if (this.#group || this.#closed) return;
    const client = this.#client;
    if (client.over) {
      this.#closed = true;
      this.requests.close(client.closedError(`accept on ${this.title}`));
      return;
    }
    if (!this.#began) {
      this.#began = true;
      client.join(this);
      client.hear(this.#key, ({ bytes }) => { if (!client.frozen) this.#told(bytes); });
      this.#notices = client.broker.subscribe(`${this.#subject}.!`, {}, ({ bytes }) => { if (!client.frozen) this.#told(bytes); });
    }
    this.#lastAccepted = client.now;
    this.#group = client.broker.subscribe(this.#subject, { group: "servers" }, (message) => { if (!client.frozen) this.#came(message); });
    this.#announce();
  }

  #announce(): void {
    this.#client.publish(`${this.#subject}.!`, bytesOf("h\n"));
  }

  // -- Calls that come --

  #came(message: Message): void {
    const { words: [from = "", seq = "", patience, hold, early], body } = unframed(message.bytes);
    if (this.#closed) {
      message.respond(framed("-"));
      return;
    }
    let value: unknown;
    try {
      value = this.#check(this.#client.settings.codec.decode(body));
    } catch (error) {
      message.respond(framed("!", this.failureOf(error)));
      return;
    }
    const head: CallHead = { from, seq, patience: Number(patience), until: this.#client.now + Number(hold), early: early === "1" };
    const call = new ServedCall(this, head, value, message);
    this.#calls.set(call.key, call);
    if (this.requests.give(call)) this.#accepted(call);
    else this.#wait(call, Number(hold));
  }

  #wait(call: ServedCall, hold: number): void {
    const inLine = (call.inLine = new CallInLine(call, () => {
      this.#line.delete(inLine);
      call.inLine = undefined;
      this.#accepted(call);
    }));
    this.#line.add(inLine);
    this.requests.senders.join(inLine);
    this.#lookLater(hold);
  }

  #lookLater(ms: number): void {
    this.#stopLine ??= this.#client.arm(ms, () => {
      this.#stopLine = undefined;
      const { now, settings: { patience } } = this.#client;
      let next = Infinity;
      for (const { call } of this.#line) {
        if (call.head.until <= now) this.#refuse(call);
        else next = Math.min(next, call.head.until);
      }
      if (now - this.#lastAccepted >= patience / 2) this.#leaveGroup();
      if (next < Infinity) this.#lookLater(next - now);
    }, true);
  }

  #leaveGroup(): void {
    void this.#group?.drain();
    this.#group = undefined;
  }

  #refuse(call: ServedCall): void {
    this.#fromLine(call);
    this.ends(call, "-");
  }

  #fromLine(call: ServedCall): void {
    const { inLine } = call;
    if (inLine === undefined) return;
    call.inLine = undefined;
    this.#line.delete(inLine);
    withdraw(inLine);
  }

  #accepted(call: ServedCall): void {
    const client = this.#client;
    call.accepted = true;
    this.#lastAccepted = client.now;
    if (call.head.early || call.question === undefined) this.#tell(call);
    else {
      this.#untold.add(call);
      this.#stopTelling ??= client.arm(Math.min(soon, call.head.patience / 8), () => {
        this.#stopTelling = undefined;
        for (const untold of this.#untold) this.#tell(untold);
      }, true);
    }
  }

  // -- Those that are being worked on --

  /** Its caller has to know who has it. */
  #tell(call: ServedCall): void {
    const { from, patience } = call.head;
    this.#untold.delete(call);
    let peer = this.#peers.get(from);
    if (peer === undefined) {
      const { stop } = (peer = { calls: new Set<ServedCall>(), stop: { now: () => { /* set below */ } } });
      const again = (): void => {
        stop.now = this.#client.arm(patience / 2, () => {
          this.#sayWorking(from);
          again();
        }, true);
      };
      this.#peers.set(from, peer);
      again();
    }
    peer.calls.add(call);
    const { question } = call;
    call.question = undefined;
    if (question) question.respond(framed(`a ${this.#me}`));
    else this.#client.publish(this.#client.subject("i", from), framed(`w ${this.#me} ${call.head.seq}`));
  }

  #sayWorking(from: string): void {
    const seqs = Array.from(this.#peers.get(from)?.calls ?? [], ({ head }) => head.seq);
    for (let n = 0; n < seqs.length; n += 1000) {
      this.#client.publish(this.#client.subject("i", from), framed(`w ${this.#me} ${seqs.slice(n, n + 1000).join(" ")}`));
    }
  }

  // -- Outcomes --

  replyOf(value: unknown): Uint8Array {
    const bytes = this.#client.settings.codec.encode(value);
    const { maxBytes } = this.#client.broker;
    if (bytes.length + 64 > maxBytes) throw new RangeError(`reply on ${this.title}: a message has at most ${maxBytes} bytes; this one has ${bytes.length}`);
    return bytes;
  }

  failureOf(error: unknown): Uint8Array {
    const parts = partsOf(error, this.#client.settings.stacks);
    const bytes = bytesOf(JSON.stringify(parts));
    const { maxBytes } = this.#client.broker;
    if (bytes.length + 64 <= maxBytes) return bytes;
    return bytesOf(JSON.stringify({ name: parts.name.slice(0, 100), message: parts.message.slice(0, Math.floor(maxBytes / 8)) }));
  }

  ends(call: ServedCall, outcome: CallOutcome, body?: Uint8Array): void {
    const client = this.#client;
    const { question, head: { from, seq, patience } } = call;
    call.question = undefined;
    this.#drop(call);
    if (client.frozen || client.over) return;
    if (question) question.respond(framed(outcome, body));
    else {
      const answer: Answer = { to: client.subject("i", from), bytes: framed(`${outcome} ${seq}`, body), patience, times: 0 };
      this.#answers.add(answer);
      this.#give(answer);
    }
    this.#restIfOver();
  }

  /** It is settled, or nobody waits for it. */
  #drop(call: ServedCall): void {
    this.#fromLine(call);
    this.#calls.delete(call.key);
    this.#untold.delete(call);
    const { from } = call.head;
    const peer = this.#peers.get(from);
    peer?.calls.delete(call);
    if (peer?.calls.size !== 0) return;
    peer.stop.now();
    this.#peers.delete(from);
  }

  #give(answer: Answer): void {
    const client = this.#client;
    if (!client.connected || !this.#answers.has(answer)) return; // given once connected
    answer.times++;
    client.broker.request(answer.to, answer.bytes, { timeout: Math.max(1, answer.patience / 4) }).then(
      () => { this.#given(answer); },
      (error: unknown) => {
        const goesOn = error instanceof TimedOut || error instanceof NobodyThere;
        if (!goesOn || answer.times >= most) this.#given(answer);
        else client.arm(answer.patience / 4, () => { this.#give(answer); }, true);
      },
    );
  }

  #given(answer: Answer): void {
    this.#answers.delete(answer);
    this.#restIfOver();
  }

  #told(bytes: Uint8Array): void {
    const [kind, from = "", seq = ""] = textOf(bytes).trimEnd().split(" ");
    const call = kind === "x" ? this.#calls.get(`${from} ${seq}`) : undefined;
    if (call === undefined) return;
    this.#drop(call);
    call.abandon();
    this.#restIfOver();
  }

  // -- The end --

  close(error: unknown): void {
    this.#closed = true;
    this.#leaveGroup();
    this.#notices?.unsubscribe();
    this.#notices = undefined;
    for (const { call } of this.#line) this.#refuse(call);
    this.requests.close(error);
    this.#restIfOver();
  }

  #restIfOver(): void {
    if (!this.#closed || !this.#began || this.#calls.size > 0 || this.#answers.size > 0) return;
    this.#stopLine?.();
    this.#stopTelling?.();
    this.#client.unhear(this.#key);
    this.#client.leave(this);
  }

  connected(): void {
    for (const from of this.#peers.keys()) this.#sayWorking(from);
    for (const answer of this.#answers) this.#give(answer);
    if (this.#group) this.#announce();
  }

  /** What was asked over the lost connection is answered at the inbox of its caller. */
  disconnected(): void {
    for (const call of this.#calls.values()) {
      call.question = undefined;
      if (call.accepted && this.#untold.has(call)) this.#tell(call);
    }
  }

  /** What waits in line goes elsewhere; what was accepted is dropped. */
  ended(): Promise<void> | undefined {
    const { broker } = this.#client;
    this.#closed = true;
    const group = this.#group;
    this.#group = undefined;
    this.#notices?.unsubscribe();
    for (const call of this.#calls.values()) {
      const { question, head: { from, seq } } = call;
      const outcome = call.accepted ? "/" : "-";
      this.#drop(call);
      if (call.accepted) call.abandon();
      if (!broker.connected) continue;
      if (question) question.respond(framed(outcome));
      else broker.publish(this.#client.subject("i", from), framed(`${outcome} ${seq}`));
    }
    this.requests.close(this.#client.closedError(`accept on ${this.title}`));
    if (broker.connected) return group?.drain();
    group?.unsubscribe();
    return undefined;
  }
}
