/**
 * The end of a channel: whether it was closed or cancelled, and what those who still send or receive get of it.
 */
import { ClosedError, type CaseKey } from "../errors.ts";
import { theEnd } from "./iteration.ts";

export interface End {
  /** Given to `close`: what receivers fail with. */
  readonly error: unknown;
  /** Given to `cancel`. */
  readonly cancel?: { readonly reason: unknown };
}

interface Named {
  readonly name: string;
}

/** What a receive gives, or throws, when nothing is left. */
export function atEnd(end: End, channel: Named, asResult: boolean, key: CaseKey | undefined): IteratorResult<never, undefined> {
  if (end.error !== undefined) throw end.error;
  if (asResult) return theEnd();
  throw closedError(end, channel, "receive", key);
}

export function closedError({ error, cancel }: End, { name }: Named, verb: "send" | "receive", key: CaseKey | undefined): ClosedError {
  return new ClosedError(
    `${verb} on ${cancel ? "cancelled" : "closed"} channel "${name}": ` +
      (verb === "send" ? "nobody received the value; check closed first" : "nothing is left; next() and for await see the end as data"),
    { cause: cancel ? cancel.reason : error, case: key },
  );
}
