/**
 * The forms in which one may send and receive, as tables: a property of channels holds for every row.
 *
 * 1. `sendForms` and `receiveForms` wait if they have to; `sendForms` fulfils, `receiveForms` gives an iterator's result.
 * 2. `sendNowForms` and `receiveNowForms` happen at once or not at all.
 * 3. `readySendForms` and `readyReceiveForms` are all of them, for channels on which the operation can happen now.
 * 4. A form with a quiet case checks, when it is over, that nothing of it is left on the quiet channel.
 */
import { poll, trySelect, type Channel, type Receiver, type Sender } from "../../../src/index.ts";
import { direct, indirect, nothingLeftOn, quietChannel, ways, type Way } from "../../support/ways.ts";

/** What a receive gives, in every form: a value, or the end. */
export type Taken<T> = IteratorResult<T, undefined>;

interface Form {
  readonly name: string;
  /** Under which name a `ClosedError` gives the case, if it is a select. */
  readonly key?: string;
}

type WaitingForm = Form & Pick<Way, "direct" | "prompt">;

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

function besideQuietNow<T>(attempt: (quiet: Channel<string>) => T): T {
  const quiet = quietChannel();
  try {
    return attempt(quiet);
  } finally {
    nothingLeftOn(quiet);
  }
}

const unaborted = new AbortController().signal;

const nothing = (): void => { /* a send gives no value */ };

export const sendForms: readonly SendForm[] = [
  { name: "send", ...direct, send: (channel, value) => channel.send(value).then(nothing) },
  { name: "send with a signal", ...direct, send: (channel, value) => channel.send(value, { signal: unaborted }).then(nothing) },
  ...ways.map(({ start, ...way }): SendForm => ({ ...way, name: `sending by ${way.name}`, send: (channel, value) => start(channel.sending(value), nothing) })),
];

async function oneByLoop<T>(channel: Receiver<T>): Promise<Taken<T>> {
  for await (const value of channel) return taken(value);
  return { done: true, value: undefined };
}

const same = <T>(value: T): T => value;

export const receiveForms: readonly ReceiveForm[] = [
  { name: "receive", atEnd: "fails", ...direct, receive: (channel) => channel.receive().then(taken) },
  { name: "receive with a signal", atEnd: "fails", ...direct, receive: (channel) => channel.receive({ signal: unaborted }).then(taken) },
  { name: "next", atEnd: "ends", ...direct, receive: (channel) => channel.next().then(same) },
  { name: "next with a signal", atEnd: "ends", ...direct, receive: (channel) => channel.next({ signal: unaborted }).then(same) },
  { name: "for await", atEnd: "ends", ...indirect, receive: oneByLoop },
  ...ways.flatMap(({ start, ...way }): ReceiveForm[] => [
    { ...way, name: `receiving by ${way.name}`, atEnd: "fails", receive: (channel) => start(channel.receiving(), taken) },
    { ...way, name: `nexting by ${way.name}`, atEnd: "ends", receive: (channel) => start(channel.nexting(), same) },
  ]),
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
