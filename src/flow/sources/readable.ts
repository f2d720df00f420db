/**
 * A Node readable as a source, known by its shape.
 *
 * 1. `read()` is an exact poll: it gives what is buffered, or `null`. Listeners for its error and its close are there as long as the stream is
 *    ours, since an error without a listener ends the process. Those for its bytes come with the first wait and stay, too: a child process
 *    that ends lets its output flow, to nobody, unless somebody listens to "readable".
 * 2. What it has read before it failed, or was destroyed, is given first.
 *
 *        wait: read() gives null ─► "readable", "end", "close", "error" ─► read() once more, for the first in line
 */
import { External, nothing, RunsUserCode, type Nothing } from "../../core/operation.ts";
import { touch } from "../../core/controller.ts";
import type { Waiter } from "../../core/wait-queue.ts";
import { ClosedError } from "../../errors.ts";
import type { NodeReadable } from "../flow-types.ts";
import { Origin, type Ownership } from "../origin.ts";
import { end, Failure, opened, Receive, resumeWith, type Result } from "../result.ts";
import { SourceScope } from "./source-scope.ts";

/** What else a Node stream tells of itself. */
interface Readable extends NodeReadable<unknown> {
  readonly destroyed?: boolean;
  readonly closed?: boolean;
  readonly errored?: unknown;
  readonly readableEnded?: boolean;
  readonly _readableState?: { readonly emitClose?: boolean; readonly autoDestroy?: boolean };
}

/** Whether it tells that it has closed, once it has ended or was destroyed. */
const willClose = ({ closed, destroyed, _readableState: state }: Readable): boolean =>
  closed !== undefined && state?.emitClose !== false && (destroyed === true || state?.autoDestroy !== false);

export class ReadableOrigin extends Origin {
  readonly operation: Reading;
  readonly #stream: Readable;

  constructor(stream: NodeReadable<unknown>, ownership: Ownership) {
    super(ownership);
    this.#stream = stream;
    this.operation = new Reading(stream, ownership.name);
  }

  protected override stop(reason: unknown): void {
    const stream = this.#stream;
    const failed = this.operation.leave();
    this.operation.scope.end(reason);
    if (stream.destroyed !== true) stream.destroy();
    if (this.operation.hasClosed || !willClose(stream)) {
      this.operation.forget();
      return;
    }
    this.cleanUp.begun();
    this.operation.closed = (): void => {
      this.operation.forget();
      const failure = this.operation.failure;
      this.cleanUp.ended(failed === failure ? undefined : failure);
    };
  }

  protected override release(): void {
    this.operation.leave();
    this.operation.forget();
  }
}

const events = ["readable", "end"] as const;

class Reading extends Receive {
  readonly #stream: Readable;
  readonly scope: SourceScope;
  #listens = false;
  failure: { error: unknown } | undefined = undefined;
  #over: Result | undefined = undefined;
  hasClosed: boolean;
  /** Called when the stream has closed. */
  closed: (() => void) | undefined = undefined;

  constructor(stream: Readable, name: string) {
    super(name);
    this.#stream = stream;
    this.scope = new SourceScope(name);
    this.hasClosed = stream.closed === true;
    stream.on("error", this.#failed);
    stream.on("close", this.#closes);
  }

  override get traits(): number {
    return RunsUserCode | External;
  }

  override attempt(): Result | Nothing {
    if (!this.line.empty) return nothing;
    const result = this.#read();
    return result === nothing ? nothing : opened(result);
  }

  override enlist(waiter: Waiter): void {
    super.enlist(waiter);
    if (this.#listens) return;
    this.#listens = true;
    this.scope.run(this.#listen);
  }

  readonly #listen = (): void => {
    for (const event of events) this.#stream.on(event, this.#serve);
  };

  readonly #next = (): unknown => this.#stream.read();

  #read(): Result | Nothing {
    touch(this.line);
    if (this.#over) return this.#over;
    const stream = this.#stream;
    const value = this.scope.run(this.#next);
    if (value !== null && value !== undefined) return { done: false, value };
    if (this.failure) this.#over = new Failure(this.failure.error);
    else if (stream.readableEnded === true) this.#over = end;
    else if (stream.destroyed === true) {
      const error = stream.errored ?? new ClosedError(`the source of flow ${JSON.stringify(this.name)} was destroyed before its end`);
      this.#over = new Failure(error);
    }
    if (this.#over && !willClose(stream)) this.forget();
    return this.#over ?? nothing;
  }

  readonly #serve = (): void => {
    while (!this.line.empty) {
      let result: Result | Nothing;
      try {
        result = this.#read();
      } catch (error) {
        this.#over = result = new Failure(error);
      }
      if (result === nothing) return;
      const first = this.line.take();
      if (first) resumeWith(first, result);
    }
  };

  readonly #failed = (error: unknown): void => {
    this.failure ??= { error };
    this.#serve();
  };

  readonly #closes = (): void => {
    this.hasClosed = true;
    this.#serve();
    this.closed?.();
    if (this.#over) this.forget();
  };

  /** The flow is left: whoever waits sees the end. Gives the failure that there was by then. */
  leave(): { error: unknown } | undefined {
    this.#over = end;
    this.tellEnd(end);
    return this.failure;
  }

  /** No listener of ours is left. */
  forget(): void {
    for (const event of events) this.#stream.off(event, this.#serve);
    this.#stream.off("error", this.#failed);
    this.#stream.off("close", this.#closes);
  }
}
