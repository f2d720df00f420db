/**
 * Receivers and senders as web streams.
 *
 * 1. One pull is one receive, one write is one send; nothing is read ahead, so that errors come in order.
 * 2. Whoever reads or writes waits for the platform: a cancel of that task takes nothing back from the stream.
 */
import type { Receiver, Sender } from "../../channel/channel-types.ts";
import { performIn } from "../../core/perform.ts";
import { show } from "../../errors.ts";
import { cleanedUp, Owning } from "../origin.ts";

/**
 * Makes a web stream of a receiver: one pull is one receive, and nothing is read ahead. The stream closes at the end, and errors with the
 * receiver's error, after what came before. Cancelling it cancels the receiver, with the reason.
 *
 * @param source - a channel, a flow, a connection
 * @throws TypeError for anything else, with the cure
 *
 * @example
 * ```ts
 * import { flow, toReadable } from "rendezvous/flow";
 *
 * const letters = flow(["a", "b"]).map((letter) => new TextEncoder().encode(letter));
 * console.log(await new Response(toReadable(letters)).text()); // ab
 * ```
 *
 * Idea: `ReadableStream.from`, whose cancel does not reach a channel.
 */
export function toReadable<T>(source: Receiver<T>): ReadableStream<T> {
  const given = source as Partial<Receiver<T>> | null | undefined;
  if (typeof given?.nexting !== "function" || typeof given.cancel !== "function") throw new TypeError(`toReadable takes a receiver, as toReadable(flow(values)); got ${show(source)}`);
  const owned = source instanceof Owning ? source.origin : undefined;
  let left = false;
  const pull = async (controller: ReadableStreamDefaultController<T>): Promise<void> => {
    let result: IteratorResult<T, undefined>;
    try {
      result = await performIn(undefined, source.nexting());
    } catch (error) {
      owned?.cancel(error);
      if (owned) await cleanedUp(owned.cleanUp, { error });
      throw error;
    }
    if (left) {
      if (result.done !== true) owned?.drop(result.value); // it came in the turn in which the stream was cancelled
    } else if (result.done !== true) controller.enqueue(result.value);
    else {
      if (owned) await cleanedUp(owned.cleanUp);
      controller.close();
    }
  };
  const cancel = async (reason: unknown): Promise<void> => {
    left = true;
    source.cancel(reason);
    if (owned) await cleanedUp(owned.cleanUp);
  };
  return new ReadableStream<T>({ pull, cancel }, { highWaterMark: 0 });
}

/**
 * Makes a web stream of a sender: a write is a send, closing the stream closes the sender. Aborting the stream withdraws the send under way
 * and closes the sender with the reason (without one, with the platform's `AbortError`).
 *
 * @param sender - a channel, or anything that sends
 * @throws TypeError for anything else
 *
 * @example
 * ```ts
 * import { chan } from "rendezvous";
 * import { flow, toReadable, toWritable } from "rendezvous/flow";
 *
 * const numbers = chan<number>();
 * void toReadable(flow([1, 2])).pipeTo(toWritable(numbers));
 * for await (const n of numbers) console.log(n);
 * // 1
 * // 2
 * ```
 *
 * Idea: the sinks of web streams.
 */
export function toWritable<T>(sender: Sender<T>): WritableStream<T> {
  const given = sender as Partial<Sender<T>> | null | undefined;
  if (typeof given?.sending !== "function" || typeof given.close !== "function") throw new TypeError(`toWritable takes a sender, as chan(); got ${show(sender)}`);
  let signal: AbortSignal | undefined;
  return new WritableStream<T>({
    start(controller) { ({ signal } = controller as { signal?: AbortSignal }); },
    write(value) { return performIn(undefined, sender.sending(value), { signal }); },
    close() { sender.close(); },
    abort(reason: unknown) { sender.close(reason === undefined ? signal?.reason : reason); },
  });
}
