/**
 * What went on in a run, for its trace: a line for each time that a thread went on, with what it did, each thing once.
 *
 * A verb that is done at once is told as it is done. One that may wait is told when it has happened, or as what is waited for.
 */
import type { Verb } from "../../core/controller.ts";
import { noteSiteOf } from "../../task/report/call-site.ts";
import type { Deed, Event, Line, Thread } from "./thread.ts";

const mayWait: ReadonlySet<Verb> = new Set<Verb>(["send", "receive", "read", "join", "closeWrite", "acquire", "take"]);

export class Record {
  readonly lines: Line[] = [];
  /** Whether it is noted where in the program each event is. */
  readonly #traced: boolean;

  constructor(traced: boolean) {
    this.#traced = traced;
  }

  /** A thread goes on. */
  begin(thread: Thread): void {
    const line = { thread, events: [], from: thread.from };
    thread.from = undefined;
    thread.root.line = line;
    thread.root.last = undefined;
    this.lines.push(line);
  }

  tell(thread: Thread, event: Event): void {
    this.#noteSite(event);
    thread.root.line?.events.push(event);
  }

  /** The running code has done something, or is about to: if it was a verb that may wait, that is seen later. */
  did(current: Thread, verb: Verb, what: object | undefined, polling: boolean): void {
    const atOnce = polling || !mayWait.has(verb);
    current.root.last = { verb, what, atOnce, wakesAtOnce: undefined, told: undefined } satisfies Deed;
    if (atOnce && !polling) this.tellDeed(current, undefined);
  }

  /** Tell the last thing that was done, once, and whom it has woken. */
  tellDeed(current: Thread, woken: Thread | undefined): void {
    const { last, line } = current.root;
    const events = line?.events;
    if (!events || (last?.told && !woken) || (!last && !woken)) return;
    const event: Event = woken
      ? { kind: "wakes", verb: last?.verb, what: last?.what, thread: woken }
      : { kind: "does", verb: last?.verb, what: last?.what };
    this.#noteSite(event);
    const at = last?.told?.kind === "does" ? events.indexOf(last.told) : -1;
    if (at >= 0) events[at] = event;
    else events.push(event);
    if (last) last.told = event;
  }

  #noteSite(event: Event): void {
    if (this.#traced) noteSiteOf(event);
  }
}
