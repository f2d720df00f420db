/**
 * What takes values: a web stream by its writer, a Node writable, known by its shape.
 *
 * 1. It has room by its own measure: `desiredSize`, `writableNeedDrain`.
 * 2. It tells its end once: finished, when all is flushed, or failed. After that nothing of ours is left on it.
 *
 * Node calls no callback and emits no error when a stream with stalled writes is destroyed, so its `close` is listened for.
 */

/** What a Node writable looks like, as far as sending to it needs it: `node:` is never imported. */
export interface NodeWritable {
  /** Writes. */
  write(chunk: never): unknown;
  /** Ends it after what was written. */
  end(): unknown;
  /** Ends it at once. */
  destroy(error?: Error): unknown;
  /** Listens. */
  on(event: string, listener: never): unknown;
  /** Stops listening. */
  off(event: string, listener: never): unknown;
}

/** Who is told how the sink stands. */
export interface SinkOwner {
  /** There may be room. */
  ready(): void;
  /** It takes no more, though it was not ended from here. */
  ended(): void;
  /** All is flushed. */
  finished(): void;
  /** It has failed; without a failure, it was destroyed. */
  failed(failure: { error: unknown } | undefined): void;
}

/** What takes values. */
export interface Sink {
  /** Whether it takes a value now. */
  readonly room: boolean;
  /** Write, while there is room. False: it takes no more, and has not. */
  write(value: unknown): boolean;
  /** Tell the owner when there is room. */
  expectRoom(): void;
  /** End it after what was written. */
  end(): void;
  /** Have it fail, after what was written. */
  fail(error: unknown): void;
}

/** A web stream, which is locked from here on until its end. */
export class WebSink implements Sink {
  readonly #writer: WritableStreamDefaultWriter<unknown>;
  readonly #owner: SinkOwner;
  #expecting = false;
  #flushed: Promise<unknown> = Promise.resolve();

  constructor(stream: WritableStream<unknown>, owner: SinkOwner) {
    this.#owner = owner;
    this.#writer = stream.getWriter();
    this.#writer.closed.then(
      () => {
        this.#writer.releaseLock();
        owner.finished();
      },
      (error: unknown) => {
        this.#writer.releaseLock();
        owner.failed({ error });
      },
    );
  }

  get room(): boolean {
    return (this.#writer.desiredSize ?? 0) > 0;
  }

  write(value: unknown): boolean {
    this.#flushed = this.#writer.write(value).catch(ignored);
    return true;
  }

  expectRoom(): void {
    if (this.#expecting) return;
    this.#expecting = true;
    this.#writer.ready.then(() => {
      this.#expecting = false;
      this.#owner.ready();
    }, ignored);
  }

  end(): void {
    this.#writer.close().catch(ignored);
  }

  fail(error: unknown): void {
    void this.#flushed.then(() => this.#writer.abort(error)).catch(ignored);
  }
}

/** The writer's `closed` tells. */
const ignored = (): void => { /* it is told there */ };

/** What else a Node stream tells of itself. */
interface Writable {
  readonly writable?: boolean;
  readonly writableEnded?: boolean;
  readonly writableFinished?: boolean;
  readonly writableNeedDrain?: boolean;
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly read?: unknown;
  readonly _writableState?: { readonly emitClose?: boolean; readonly autoDestroy?: boolean };
  write(value: unknown, written: () => void): unknown;
  end(): unknown;
  destroy(error?: unknown): unknown;
  on(event: string, listener: (error: unknown) => void): unknown;
  off(event: string, listener: (error: unknown) => void): unknown;
}

/** A Node writable. */
export class NodeSink implements Sink {
  readonly #stream: Writable;
  readonly #owner: SinkOwner;
  #full = false;
  #over = false;
  /** How many writes it has not flushed. */
  #unflushed = 0;
  #failing: { error: unknown } | undefined = undefined;
  readonly #listeners: readonly (readonly [string, (error: unknown) => void])[];

  constructor(stream: NodeWritable, owner: SinkOwner) {
    this.#stream = stream;
    this.#owner = owner;
    this.#listeners = [["drain", this.#drained], ["finish", this.#finished], ["close", this.#closed], ["error", this.#failed]];
    for (const [event, listener] of this.#listeners) this.#stream.on(event, listener);
    const { destroyed, closed, writableFinished, writableEnded, errored } = this.#stream;
    if (destroyed === true || closed === true) this.#closed();
    else if (errored !== undefined && errored !== null) this.#failed(errored);
    else if (writableFinished === true) this.#finished();
    else if (writableEnded === true) owner.ended();
  }

  get room(): boolean {
    return !this.#full && this.#stream.writableNeedDrain !== true;
  }

  write(value: unknown): boolean {
    if (this.#stream.writable === false || this.#stream.writableEnded === true) return false; // by others: a write now would be an error of the stream
    this.#unflushed++;
    try {
      if (this.#stream.write(value, this.#wrote) === false) this.#full = true;
    } catch (error) {
      this.#unflushed--;
      throw error;
    }
    return true;
  }

  expectRoom(): void {
    // Its "drain" is listened for all along.
  }

  end(): void {
    this.#stream.end();
  }

  fail(error: unknown): void {
    this.#failing = { error };
    if (this.#unflushed === 0) this.#stream.destroy(error);
  }

  readonly #wrote = (): void => {
    if (--this.#unflushed === 0 && this.#failing) this.#stream.destroy(this.#failing.error);
  };

  readonly #drained = (): void => {
    this.#full = false;
    this.#owner.ready();
  };

  readonly #finished = (): void => {
    this.#owner.ended();
    // A file says with its close whether all went well; what can be read, too, closes when others have read it.
    if (typeof this.#stream.read === "function" || !this.#willClose) this.#end(() => { this.#owner.finished(); });
  };

  readonly #failed = (error: unknown): void => {
    const over = this.#over;
    this.#over = true;
    if (!this.#willClose) this.#forget();
    if (!over) this.#owner.failed({ error });
  };

  readonly #closed = (): void => {
    const { writableFinished, errored } = this.#stream;
    const failed = errored === undefined || errored === null ? undefined : { error: errored };
    const finished = writableFinished === true && !failed;
    this.#end(() => { if (finished) this.#owner.finished(); else this.#owner.failed(failed); });
  };

  #end(tell: () => void): void {
    const over = this.#over;
    this.#over = true;
    this.#forget();
    if (!over) tell();
  }

  /** Whether it tells that it has closed, once it has ended or was destroyed. */
  get #willClose(): boolean {
    const { closed, destroyed, _writableState: state } = this.#stream;
    return closed === false && state !== undefined && state.emitClose !== false && (destroyed === true || state.autoDestroy !== false);
  }

  #forget(): void {
    for (const [event, listener] of this.#listeners) this.#stream.off(event, listener);
  }
}
