/**
 * Calls between machines: at most once; answered.
 *
 * 1. A call goes to one server of the group. It is asked again of the group only when nobody has it, and nowhere else once it may have been accepted.
 * 2. Closing ends this end alone: its waiting calls reject, and what its server has accepted is still answered.
 *
 *        caller                       the group                    a server
 *        asks ── question ──────────► one of them ───────────────► waits in line until it is accepted
 *             ◄── answered soon: the answer ──────────────────────  one round trip
 *             ◄── else: accepted, and by whom ────────────────────  "working", every half of patience
 *             ◄── the answer, until it is confirmed ──────────────  at the caller's inbox
 *             ◄── refused: closed, or too long in line ───────────  asked again
 *        gives up ── to the server, or to all of them ───────────► `call.signal` aborts
 *
 * Idea: the `gen_server:call` of Erlang, over requests of NATS.
 */
import { performable, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import { guard } from "../ops/always-never-guard.ts";
import { knownOptions, type Known } from "../support/given.ts";
import { printedAs, withFacts } from "../support/printing.ts";
import { answerAll, type Call, type CallChannel, type Client as Asker, type Server } from "../talk/calls.ts";
import { Answerer } from "./answerer.ts";
import { Caller, type Asking } from "./caller.ts";
import type { Client } from "./client.ts";
import { checkOf, type Validator } from "./codec.ts";
import { checkedName } from "./names.ts";

/** How calls between machines are made. */
export interface RemoteCallsOptions<Req> {
  /** Checks each request before it is accepted. One that does not pass fails its call with a {@link RemoteError}. */
  validate?: Validator<Req> | undefined;
}

const callsOptions: Known<RemoteCallsOptions<never>> = { validate: true };

/** `number`: tells the ends of one remote apart. */
export function callsOver<Req, Res>(client: Client, name: string, options: RemoteCallsOptions<Req>, number: number): CallChannel<Req, Res> {
  checkedName(name, "the name of calls");
  const title = `calls ${JSON.stringify(name)}`;
  const { validate } = knownOptions(options, callsOptions, title);
  const subject = client.subject("r", name);
  const caller = new Caller(client, subject, title, `r${number}`);
  const answerer = new Answerer(client, subject, title, `s${number}`, checkOf(validate, title));
  let closed = false;
  const asker = askerOver<Req, Res>(client, caller, title);
  const server = serverOver<Req, Res>(answerer);
  const state = (): string | false => closed && "closed";
  const both: CallChannel<Req, Res> = {
    client: printedAs(asker, () => withFacts(`Client of remote ${title}`, state())),
    server: printedAs(server, () => withFacts(`Server of remote ${title}`, state())),
    close(error) {
      if (closed) return false;
      closed = true;
      caller.close(error);
      answerer.close(error);
      return true;
    },
    get closed() {
      return closed;
    },
  };
  return printedAs(both, () => withFacts(`Remote ${title}`, state()));
}

/** A call whose answer may come before anybody waits for it. */
interface Accepted {
  outcome: (() => unknown) | undefined;
  heard: (() => void) | undefined;
  readonly asking: Asking;
}

function askerOver<Req, Res>(client: Client, caller: Caller, title: string): Asker<Req, Res> {
  const { codec, patience } = client.settings;
  const encoded = (value: Req): Uint8Array => {
    const bytes = codec.encode(value);
    const { maxBytes } = client.broker;
    if (bytes.length + 128 > maxBytes) throw new RangeError(`call on ${title}: a message has at most ${maxBytes} bytes; this one has ${bytes.length}`);
    return bytes;
  };
  const asking = (bytes: Uint8Array, early: boolean, how: Pick<Asking, "accepted" | "replied" | "failed">): Asking => ({
    before: undefined, after: undefined, bytes, early, seq: undefined, hold: patience / 64, since: 0, out: false, server: undefined, ...how,
  });
  const answerOf = (accepted: Accepted): Operation<Res> => client.operation<Res>(`the answer of a call on ${title}`, (settle) => {
    const take = (): void => {
      try {
        settle.value(accepted.outcome?.() as Res);
      } catch (error) {
        settle.error(error);
      }
    };
    if (accepted.outcome) take();
    else accepted.heard = take;
    return () => { caller.leave(accepted.asking); };
  });
  return {
    call: (value, options?: WaitOptions) => promised(() => {
      const bytes = encoded(value);
      return perform(client.operation<Res>(`call on ${title}`, (settle) => {
        const mine = asking(bytes, false, {
          accepted: () => undefined,
          failed: (error) => { settle.error(error); },
          replied: (answer) => {
            let reply: unknown;
            try {
              reply = codec.decode(answer);
            } catch (error) {
              settle.error(error);
              return;
            }
            settle.value(reply as Res);
          },
        });
        caller.call(mine);
        return () => { caller.leave(mine); };
      }), options);
    }),
    calling(value) {
      const bytes = encoded(value);
      const accepting = client.operation<Accepted>(`call on ${title}`, (settle) => {
        let known = false;
        const happens = (outcome?: () => unknown): void => {
          if (outcome) accepted.outcome = outcome;
          accepted.heard?.();
          if (known) return;
          known = true;
          settle.value(accepted);
        };
        const accepted: Accepted = {
          outcome: undefined,
          heard: undefined,
          asking: asking(bytes, true, {
            accepted: () => { happens(); },
            replied: (answer) => { happens(() => codec.decode(answer)); },
            failed: (error) => {
              const wasAsked = accepted.asking.seq !== undefined;
              if (known || wasAsked) happens(() => { throw error; });
              else settle.error(error);
            },
          }),
        };
        caller.call(accepted.asking);
        return () => { if (!known) caller.leave(accepted.asking); };
      });
      return performable(accepting, "calling").map((accepted) => perform(answerOf(accepted)));
    },
  };
}

function serverOver<Req, Res>(answerer: Answerer): Server<Req, Res> {
  type Calls = AsyncIterator<Call<Req, Res>, undefined>;
  const requests = answerer.requests;
  const server: Server<Req, Res> = {
    accept(options) {
      answerer.listen();
      return requests.receive(options) as Promise<Call<Req, Res>>;
    },
    accepting: () => guard(() => {
      answerer.listen();
      return requests.receiving() as Operation<Call<Req, Res>>;
    }),
    serve: (handler) => answerAll(server, handler),
    [Symbol.asyncIterator]() {
      const each = requests[Symbol.asyncIterator]() as Calls;
      return {
        next() {
          answerer.listen();
          return each.next();
        },
        return: () => each.return?.() ?? Promise.resolve({ done: true, value: undefined }),
      };
    },
  };
  return server;
}
