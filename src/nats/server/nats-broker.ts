/**
 * The port over a connection of the official client.
 *
 * 1. The connection is the user's: nothing here closes it.
 * 2. It is listened to only while somebody hears of its states.
 */
import type { Broker, ConnectionState, Logs, Message, Notes, Subscription } from "../broker.ts";
import { NobodyThere, TimedOut } from "../broker.ts";
import type { NatsConnectionLike } from "./client-types.ts";

/** An error of the client, in the words of the port. */
export function inOurWords(error: unknown): unknown {
  const { name, message, cause } = (error ?? {}) as { name?: string; message?: string; cause?: unknown };
  const names = [name, ((cause ?? {}) as { name?: string }).name];
  if (names.includes("TimeoutError")) return new TimedOut(message, { cause: error });
  if (names.includes("NoRespondersError") || name === "JetStreamNotEnabled") return new NobodyThere(message, { cause: error });
  return error;
}

export class NatsBroker implements Broker {
  readonly connection: NatsConnectionLike;
  logs: Logs | undefined = undefined;
  notes: Notes | undefined = undefined;
  connected: boolean;
  closed: { readonly cause?: unknown } | undefined = undefined;
  readonly #heard = new Set<(state: ConnectionState, error?: unknown) => void>();
  #unhear: (() => void) | undefined = undefined;

  constructor(connection: NatsConnectionLike) {
    this.connection = connection;
    this.connected = !connection.isClosed();
    if (connection.isClosed()) this.closed = {};
    void connection.closed().then((error) => {
      this.connected = false;
      this.closed = { cause: error };
      this.#tell("closed", error);
    });
  }

  get maxBytes(): number {
    return this.connection.info?.max_payload ?? 1_048_576;
  }

  // -- The connection --

  states(heard: (state: ConnectionState, error?: unknown) => void): () => void {
    this.#heard.add(heard);
    if (!this.#unhear) this.#hear();
    return () => {
      this.#heard.delete(heard);
      if (this.#heard.size > 0) return;
      this.#unhear?.();
      this.#unhear = undefined;
    };
  }

  #hear(): void {
    const states = this.connection.status();
    let over = false;
    this.#unhear = (): void => {
      over = true;
      (states as { stop?: () => void }).stop?.();
    };
    const listen = async (): Promise<void> => {
      for await (const { type } of states) {
        if (over) return;
        if (type === "disconnect") this.#is(false);
        else if (type === "reconnect") this.#is(true);
      }
    };
    void listen();
  }

  #is(connected: boolean): void {
    if (this.connected === connected) return;
    this.connected = connected;
    this.#tell(connected ? "connected" : "disconnected");
  }

  #tell(state: ConnectionState, error?: unknown): void {
    for (const heard of [...this.#heard]) heard(state, error);
  }

  // -- Messages --

  publish(subject: string, bytes: Uint8Array): void {
    if (!this.connection.isClosed()) this.connection.publish(subject, bytes);
  }

  subscribe(subject: string, { group }: { group?: string | undefined }, heard: (message: Message) => void): Subscription {
    const subscription = this.connection.subscribe(subject, {
      ...(group !== undefined && { queue: group }),
      callback: (error, message) => {
        if (error !== null) return;
        heard({ subject: message.subject, bytes: message.data, respond: (bytes) => { if (!this.connection.isClosed()) message.respond(bytes); } });
      },
    });
    return {
      known: () => this.connection.flush(),
      unsubscribe: () => { if (!this.connection.isClosed()) subscription.unsubscribe(); },
    };
  }

  async request(subject: string, bytes: Uint8Array, { timeout }: { timeout: number }): Promise<Message> {
    try {
      const { data } = await this.connection.request(subject, bytes, { timeout });
      return { subject, bytes: data, respond: () => undefined };
    } catch (error) {
      throw inOurWords(error);
    }
  }
}
