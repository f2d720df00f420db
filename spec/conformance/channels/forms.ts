/**
 * The forms in which one may send and receive, as tables: a property of channels holds for every row.
 *
 * 1. `sendForms` and `receiveForms` wait if they have to; `sendForms` fulfils, `receiveForms` gives an iterator's result.
 * 2. `sendNowForms` and `receiveNowForms` happen at once or not at all.
 * 3. `readySendForms` and `readyReceiveForms` are all of them, for channels on which the operation can happen now.
 * 4. A form with a quiet case checks, when it is over, that nothing of it is left on the quiet channel.
 * 5. A `direct` form resumes one microtask after its operation happened, so that orders of continuations can be compared. One
 *    that is not `prompt` takes its place only in a later microtask.
 */
import {
  chan, choose, go, guard, never, perform, poll, select, selecting, trySelect, type Channel, type Receiver, type Sender,
} from "../../../src/index.ts";

/** What a receive gives, in every form: a value, or the end. */
export type Taken<T> = IteratorResult<T, undefined>;

interface Form {
  readonly name: string;
  /** Under which name a `ClosedError` gives the case, if it is a select. */
  readonly key?: string;
}

interface WaitingForm extends Form {
  readonly direct: boolean;
  readonly prompt: boolean;
}

export interface SendForm extends WaitingForm {
  send<T>(channel: Sender<T>, value: T): Promise<void>;
}

export interface ReceiveForm extends WaitingForm {
  /** What it makes of the end: it fails, or it gives `{ done: true }`. */
  readonly atEnd: "fails" | "ends";
  receive<T>(channel: Receiver<T>): Promise<Taken<T>>;
}

export interface SendNowForm extends Form {
  send<T>(channel: Sender<T>, value: T): boolean;
}

export interface ReceiveNowForm extends Form {
  readonly atEnd: "fails" | "ends";
  receive<T>(channel: Receiver<T>): Taken<T> | undefined;
}

const taken = <T>(value: T): Taken<T> => ({ done: false, value });

/** An open channel whose other end nobody ever uses. */
function quietChannel(): Channel<string> {
  return chan<string>({ name: "quiet" });
}

function nothingLeftOn(quiet: Channel<string>): void {
  if (quiet.trySend("for a waiter left behind")) throw new Error("a receiver was left on the quiet channel");
  if (quiet.tryReceive() !== undefined) throw new Error("a sender was left on the quiet channel");
}

/** A select over the operation and a quiet case: what it gives, after a check that the quiet case left nothing. */
function besideQuiet<T, U>(start: (quiet: Channel<string>) => Promise<T>, read: (result: T) => U): Promise<U> {
  const quiet = quietChannel();
  return start(quiet).then(
    (result) => {
      nothingLeftOn(quiet);
      return read(result);
    },
    (error: unknown) => {
      nothingLeftOn(quiet);
      throw error;
    },
  );
}

function besideQuietNow<T>(attempt: (quiet: Channel<string>) => T): T {
  const quiet = quietChannel();
  try {
    return attempt(quiet);
  } finally {
    nothingLeftOn(quiet);
  }
}

/** A body in the other lane: a generator task. */
function generatorTask<T>(body: () => Generator<unknown, T, unknown>): Promise<T> {
  return go<[], T>(body).join();
}

const unaborted = new AbortController().signal;
const direct = { direct: true, prompt: true } as const;
const indirect = { direct: false, prompt: true } as const;
const inOwnTask = { direct: false, prompt: false } as const;

const nothing = (): void => { /* a send gives no value */ };

const generatorSendForms: SendForm[] = [
  {
    name: "yield* sending", ...inOwnTask,
    send: (channel, value) => generatorTask(function* () { yield* channel.sending(value); }),
  },
  {
    name: "yield* selecting with a quiet case", key: "s", ...inOwnTask,
    send: (channel, value) => besideQuiet((quiet) => generatorTask(function* () {
      yield* selecting({ s: channel.sending(value), q: quiet.receiving() });
    }), nothing),
  },
];

export const sendForms: readonly SendForm[] = [
  { name: "send", ...direct, send: (channel, value) => channel.send(value).then(nothing) },
  { name: "send with a signal", ...direct, send: (channel, value) => channel.send(value, { signal: unaborted }).then(nothing) },
  { name: "perform(sending)", ...direct, send: (channel, value) => perform(channel.sending(value)).then(nothing) },
  { name: "select of one sending", key: "s", ...direct, send: (channel, value) => select({ s: channel.sending(value) }).then(nothing) },
  {
    name: "select of sending and a quiet receive", key: "s", ...direct,
    send: (channel, value) => besideQuiet((quiet) => select({ s: channel.sending(value), q: quiet.receiving() }), nothing),
  },
  {
    name: "select of a quiet send and sending", key: "s", ...direct,
    send: (channel, value) => besideQuiet((quiet) => select({ q: quiet.sending("never sent"), s: channel.sending(value) }), nothing),
  },
  {
    name: "choose(never, sending)", ...direct,
    send: (channel, value) => perform(choose<void>(never, channel.sending(value))).then(nothing),
  },
  { name: "guard of sending", ...direct, send: (channel, value) => perform(guard(() => channel.sending(value))).then(nothing) },
  { name: "mapped sending", ...indirect, send: (channel, value) => perform(channel.sending(value).map(nothing)) },
  ...generatorSendForms,
];

const generatorReceiveForms: ReceiveForm[] = [
  {
    name: "yield* receiving", atEnd: "fails", ...inOwnTask,
    receive: (channel) => generatorTask(function* () { return taken(yield* channel.receiving()); }),
  },
  {
    name: "yield* nexting", atEnd: "ends", ...inOwnTask,
    receive: (channel) => generatorTask(function* () { return yield* channel.nexting(); }),
  },
  {
    name: "yield* selecting with a quiet case", key: "r", atEnd: "fails", ...inOwnTask,
    receive: <T>(channel: Receiver<T>) => besideQuiet((quiet) => generatorTask<T>(function* () {
      const result = yield* selecting({ r: channel.receiving(), q: quiet.receiving() });
      if (result.case === "q") throw new Error("the quiet case happened");
      return result.value;
    }), taken),
  },
];

async function oneByLoop<T>(channel: Receiver<T>): Promise<Taken<T>> {
  for await (const value of channel) return taken(value);
  return { done: true, value: undefined };
}

export const receiveForms: readonly ReceiveForm[] = [
  { name: "receive", atEnd: "fails", ...direct, receive: (channel) => channel.receive().then(taken) },
  { name: "receive with a signal", atEnd: "fails", ...direct, receive: (channel) => channel.receive({ signal: unaborted }).then(taken) },
  { name: "next", atEnd: "ends", ...direct, receive: (channel) => channel.next().then((result) => result) },
  { name: "next with a signal", atEnd: "ends", ...direct, receive: (channel) => channel.next({ signal: unaborted }).then((result) => result) },
  { name: "for await", atEnd: "ends", ...indirect, receive: oneByLoop },
  { name: "perform(receiving)", atEnd: "fails", ...direct, receive: (channel) => perform(channel.receiving()).then(taken) },
  { name: "perform(nexting)", atEnd: "ends", ...direct, receive: (channel) => perform(channel.nexting()).then((result) => result) },
  {
    name: "select of one receiving", key: "r", atEnd: "fails", ...direct,
    receive: (channel) => select({ r: channel.receiving() }).then(({ value }) => taken(value)),
  },
  {
    name: "select of one nexting", key: "n", atEnd: "ends", ...direct,
    receive: (channel) => select({ n: channel.nexting() }).then(({ value }) => value),
  },
  {
    name: "select of receiving and a quiet receive", key: "r", atEnd: "fails", ...direct,
    receive: <T>(channel: Receiver<T>) =>
      besideQuiet((quiet) => select({ r: channel.receiving(), q: quiet.receiving() }), ({ value }) => taken(value as T)),
  },
  {
    name: "select of a quiet send and nexting", key: "n", atEnd: "ends", ...direct,
    receive: <T>(channel: Receiver<T>) =>
      besideQuiet((quiet) => select({ q: quiet.sending("never sent"), n: channel.nexting() }), ({ value }) => value as Taken<T>),
  },
  {
    name: "choose(receiving, never)", atEnd: "fails", ...direct,
    receive: (channel) => perform(choose(channel.receiving(), never)).then(taken),
  },
  { name: "guard of nexting", atEnd: "ends", ...direct, receive: (channel) => perform(guard(() => channel.nexting())).then((r) => r) },
  { name: "mapped receiving", atEnd: "fails", ...indirect, receive: (channel) => perform(channel.receiving().map(taken)) },
  ...generatorReceiveForms,
];

export const sendNowForms: readonly SendNowForm[] = [
  { name: "trySend", send: (channel, value) => channel.trySend(value) },
  { name: "poll(sending)", send: (channel, value) => poll(channel.sending(value)) !== undefined },
  { name: "trySelect of one sending", key: "s", send: (channel, value) => trySelect({ s: channel.sending(value) }) !== undefined },
  {
    name: "trySelect of a quiet receive and sending", key: "s",
    send: (channel, value) =>
      besideQuietNow((quiet) => trySelect({ q: quiet.receiving(), s: channel.sending(value) }) !== undefined),
  },
  {
    name: "listed trySelect of sending and a quiet send", key: "s",
    send: (channel, value) => besideQuietNow(
      (quiet) => trySelect({ s: channel.sending(value), q: quiet.sending("never sent") }, { order: "listed" }) !== undefined,
    ),
  },
];

/** The value of an answer that is not `undefined`. */
const valueOf = <T>(answer: { value: T } | undefined): Taken<T> | undefined => (answer === undefined ? undefined : taken(answer.value));

export const receiveNowForms: readonly ReceiveNowForm[] = [
  { name: "tryReceive", atEnd: "ends", receive: (channel) => channel.tryReceive() },
  { name: "poll(receiving)", atEnd: "fails", receive: (channel) => valueOf(poll(channel.receiving())) },
  { name: "poll(nexting)", atEnd: "ends", receive: (channel) => poll(channel.nexting())?.value },
  {
    name: "trySelect of one receiving", key: "r", atEnd: "fails",
    receive: (channel) => valueOf(trySelect({ r: channel.receiving() })),
  },
  { name: "trySelect of one nexting", key: "n", atEnd: "ends", receive: (channel) => trySelect({ n: channel.nexting() })?.value },
  {
    name: "trySelect of receiving and a quiet send", key: "r", atEnd: "fails",
    receive: <T>(channel: Receiver<T>) => besideQuietNow((quiet) =>
      valueOf(trySelect({ r: channel.receiving(), q: quiet.sending("never sent") }) as { value: T } | undefined)),
  },
  {
    name: "trySelect of a quiet receive and nexting", key: "n", atEnd: "ends",
    receive: <T>(channel: Receiver<T>) => besideQuietNow((quiet) =>
      trySelect({ q: quiet.receiving(), n: channel.nexting() })?.value as Taken<T> | undefined),
  },
];

/** All forms of a send that can happen now. */
export const readySendForms: readonly SendForm[] = [
  ...sendForms,
  ...sendNowForms.map((form): SendForm => ({
    ...form, ...direct,
    send: async (channel, value) => {
      if (!form.send(channel, value)) throw new Error("nothing was ready");
      return Promise.resolve();
    },
  })),
];

/** All forms of a receive that can happen now. */
export const readyReceiveForms: readonly ReceiveForm[] = [
  ...receiveForms,
  ...receiveNowForms.map((form): ReceiveForm => ({
    ...form, ...direct,
    receive: async (channel) => {
      const answer = form.receive(channel);
      if (answer === undefined) throw new Error("nothing was ready");
      return Promise.resolve(answer);
    },
  })),
];
