/**
 * Calls: a rendezvous that answers. The caller hands over a request and waits for its answer.
 *
 * 1. A call is one handover (its acceptance) and one guaranteed outcome: a reply, a failure, or a ClosedError when it is
 *    dropped. A caller never hangs on a call that was dropped.
 * 2. If the caller gives up before acceptance, the server never sees the call; if it gives up later, `call.signal` aborts, and a late reply returns
 *    `false`.
 * 3. A `Call` is a value: it may be sent on through channels, and answered wherever it ends up.
 *
 *        caller ──request──► senders of the channel ──accept──► Call ──reply/fail/dispose──► caller
 *        gives up:  before accept: leaves the line               after accept: call.signal aborts
 *
 * Idea: Ada's `accept`, occam's and JCSP's call channels, Hopac's query-and-reply, Erlang's `gen_server:call`.
 */
import { chan, type Channel } from "../channel/channel.ts";
import { checkedFunction } from "../support/given.ts";
import { nothing, Performable, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import { forDeno, forNode, printedAs, withFacts } from "../support/printing.ts";
import { touch } from "../core/controller.ts";
import { guard } from "../ops/always-never-guard.ts";
import { BareWaiter, release, withdraw, type Outcome, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import { ClosedError } from "../errors.ts";
import { Abandonable } from "./abandonable.ts";

/** A request that a server has accepted and has to answer. Disposing it unanswered rejects its caller. */
export interface Call<Req, Res> extends Disposable {
  /** What the caller asked. */
  readonly value: Req;
  /** Aborts when the caller has given up waiting for the answer. */
  readonly signal: AbortSignal;
  /** Answers the call. Returns `false`, and changes nothing, if it was answered already or the caller has given up. */
  reply(value: Res): boolean;
  /** Answers with an error: the caller's promise rejects with this very object. Returns as {@link reply} does. */
  fail(error: unknown): boolean;
  /** Drops the call: an unanswered caller rejects with a `ClosedError`. */
  [Symbol.dispose](): void;
}

/** The asking end of a call channel. */
export interface Client<Req, Res> {
  /**
   * Asks, and waits for the answer.
   *
   * @param value - the request
   * @param options - a `signal` that ends the wait: before acceptance the server never sees the call, after it `call.signal` aborts
   * @returns the reply; rejects with the error given to `fail`, with a `ClosedError` when the channel is closed or the call was dropped unanswered,
   * or with `signal.reason`
   */
  call(value: Req, options?: WaitOptions): Promise<Res>;
  /** Describes a call, for `select` and `yield*`: it happens when a server accepts, and gives the promise of the answer. */
  calling(value: Req): Operation<Promise<Res>>;
}

/** The answering end of a call channel. */
export interface Server<Req, Res> extends AsyncIterable<Call<Req, Res>> {
  /** Waits for the next call, first in, first out. Rejects with a `ClosedError` at the end, with `signal.reason`. */
  accept(options?: WaitOptions): Promise<Call<Req, Res>>;
  /** Describes an {@link accept}, for `select` and `yield*`. */
  accepting(): Operation<Call<Req, Res>>;
  /**
   * Answers one call after the other with the result of the handler. An error that the handler throws goes to that caller, and serving goes on.
   * Fulfils when the channel has come to its end; rejects with the error it was closed with.
   */
  serve(handler: (value: Req, call: Call<Req, Res>) => Res | PromiseLike<Res>): Promise<void>;
  /** For `for await`, up to the end. */
  [Symbol.asyncIterator](): AsyncIterator<Call<Req, Res>, undefined>;
}

/** A channel of calls, and its two ends. */
export interface CallChannel<Req, Res> {
  /** The end that asks. */
  readonly client: Client<Req, Res>;
  /** The end that answers. */
  readonly server: Server<Req, Res>;
  /** Takes no more calls; those that wait already are still answered. Idempotent: returns `true` the first time. */
  close(error?: unknown): boolean;
  /** Whether it takes no more calls. */
  readonly closed: boolean;
}

/**
 * Makes a channel of calls: a two-way handover, typed in both directions.
 *
 * @param name - what errors call it
 *
 * @example
 * ```ts
 * import { calls, go } from "rendezvous";
 *
 * const squares = calls<number, number>("squares");
 * go(() => squares.server.serve((n) => n * n));
 * console.log(await squares.client.call(7)); // 49
 * squares.close();
 * ```
 *
 * Idea: occam's call channels.
 */
export function calls<Req, Res>(name?: string): CallChannel<Req, Res> {
  const requests = chan<PendingCall<Req, Res>>({ name: name ?? "calls" });
  const facts = (): (string | false)[] => requests.facts("cancelled", "caller", "server");
  const said = JSON.stringify(requests.name);
  const client: Client<Req, Res> = {
    call: (value, options) => perform(new Calling(requests, new PendingCall<Req, Res>(value, requests.name)), options),
    calling: (value) =>
      guard(() => {
        const pending = new PendingCall<Req, Res>(value, requests.name);
        return requests.sending(pending).map(() => {
          const answer = perform(new AwaitingAnswer(pending));
          pending.abandonUnlessAwaited();
          return answer;
        });
      }),
  };
  const server: Server<Req, Res> = {
    accept: (options) => requests.receive(options),
    accepting: () => requests.receiving(),
    [Symbol.asyncIterator]: () => requests[Symbol.asyncIterator](),
    serve: (handler) => answerAll(requests, handler),
  };
  const both: CallChannel<Req, Res> = {
    client: printedAs(client, () => withFacts(`Client of calls ${said}`, ...facts())),
    server: printedAs(server, () => withFacts(`Server of calls ${said}`, ...facts())),
    close: (error) => requests.close(error),
    get closed() {
      return requests.closed;
    },
  };
  return printedAs(both, () => withFacts(`Calls ${said}`, ...facts()));
}

/** Answer one call after the other with what the handler makes of it. */
export async function answerAll<Req, Res>(
  requests: AsyncIterable<Call<Req, Res>>, handler: (value: Req, call: Call<Req, Res>) => Res | PromiseLike<Res>,
): Promise<void> {
  checkedFunction(handler, "serve", "server.serve((value) => answer)", "GeneratorFunction", "AsyncGeneratorFunction");
  for await (const call of requests) {
    try {
      call.reply(await handler(call.value, call));
    } catch (error) {
      call.fail(error);
    }
  }
}

/** One call, as both its sides see it. */
class PendingCall<Req, Res> extends Abandonable implements Call<Req, Res>, WaitPlace {
  readonly value: Req;
  readonly #channel: string;
  #caller: Waiter | undefined = undefined;
  /** The answer, until its caller takes it. */
  #answer: (() => Res) | undefined = undefined;
  #over = false;

  constructor(value: Req, channel: string) {
    super();
    this.value = value;
    this.#channel = channel;
  }

  override toString(): string {
    return withFacts(`Call of ${JSON.stringify(this.#channel)}`, this.abandoned ? "given up" : this.#over ? "answered" : "waits for its answer");
  }

  [forNode](): string {
    return this.toString();
  }

  [forDeno](): string {
    return this.toString();
  }

  reply(value: Res): boolean {
    return this.#end((caller) => { caller.resume("value", value); }, () => value);
  }

  fail(error: unknown): boolean {
    return this.#end((caller) => { caller.resume("error", error); }, () => { throw error; });
  }

  [Symbol.dispose](): void {
    if (this.#over) return;
    this.fail(new ClosedError(`call on "${this.#channel}" was dropped without an answer: its server disposed it before it replied`));
  }

  #end(tell: (caller: Waiter) => void, answer: () => Res): boolean {
    touch(this, "reply");
    if (this.#over) return false;
    this.#over = true;
    const caller = this.#caller;
    this.#caller = undefined;
    if (caller === undefined) this.#answer = answer;
    else {
      release(caller);
      tell(caller);
    }
    return true;
  }

  /** The answer, if it is there. */
  answer(): Res | Nothing {
    touch(this);
    return this.#answer === undefined ? nothing : this.#answer();
  }

  await(caller: Waiter): void {
    caller.place = this;
    this.#caller = caller;
  }

  /** Abandon the call if its caller was cancelled in the turn in which it was accepted. */
  abandonUnlessAwaited(): void {
    if (this.#caller === undefined && !this.#over) this.#abandon();
  }

  describe(): string {
    return `call on "${this.#channel}"`;
  }

  /** The caller gives up: nobody will take the answer. */
  withdraw(caller: Waiter): void {
    release(caller);
    this.#abandon();
  }

  #abandon(): void {
    this.#caller = undefined;
    this.#over = true;
    this.abandonNow();
  }
}

/** Waits for the answer of a call that was accepted. */
class AwaitingAnswer<Req, Res> extends Performable<Res> {
  readonly #pending: PendingCall<Req, Res>;

  constructor(pending: PendingCall<Req, Res>) {
    super();
    this.#pending = pending;
  }

  override toString(): string {
    return "the answer of a call";
  }

  override attempt(): Res | Nothing {
    return this.#pending.answer();
  }

  override enlist(waiter: Waiter): void {
    this.#pending.await(waiter);
  }
}

/** Waits for acceptance and then for the answer, as one operation: between the two the caller can be neither lost nor resumed twice. */
class Calling<Req, Res> extends Performable<Res> implements WaitPlace {
  readonly #requests: Channel<PendingCall<Req, Res>>;
  readonly #pending: PendingCall<Req, Res>;

  constructor(requests: Channel<PendingCall<Req, Res>>, pending: PendingCall<Req, Res>) {
    super();
    this.#requests = requests;
    this.#pending = pending;
  }

  override toString(): string {
    return `call on "${this.#requests.name}"`;
  }

  override attempt(): Nothing {
    if (this.#requests.closed) this.#requests.give(this.#pending);
    return nothing;
  }

  override enlist(caller: Waiter): void {
    if (this.#requests.give(this.#pending)) {
      this.#pending.await(caller);
      return;
    }
    const inLine = new QueuedCaller(caller, this.#pending);
    caller.place = this;
    caller.slot = inLine;
    inLine.slot = this.#pending;
    this.#requests.senders.join(inLine);
  }

  withdraw(caller: Waiter): void {
    const inLine = caller.slot as QueuedCaller<Req, Res>;
    release(caller);
    withdraw(inLine);
  }
}

/** Stands in line for its caller, and lets it wait for the answer once accepted. */
class QueuedCaller<Req, Res> extends BareWaiter {
  readonly #caller: Waiter;
  readonly #pending: PendingCall<Req, Res>;

  constructor(caller: Waiter, pending: PendingCall<Req, Res>) {
    super();
    this.#caller = caller;
    this.#pending = pending;
  }

  override resume(how: Outcome, what: unknown): void {
    release(this.#caller);
    if (how === "error") this.#caller.resume("error", what);
    else this.#pending.await(this.#caller);
  }
}
