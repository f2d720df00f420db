/**
 * The port: what channels between machines need of an engine. Experimental until a second engine implements it.
 *
 * Idea: the narrow drivers of Go's `database/sql`.
 */

/** A message that has come. */
export interface Message {
  /** The subject it was published to. */
  readonly subject: string;
  /** What it carries. */
  readonly bytes: Uint8Array;
  /** Answers a request; nothing happens where no answer is awaited. */
  respond(bytes: Uint8Array): void;
}

/** What hears the messages of a subject. */
export interface Subscription {
  /** Fulfils when the engine knows of it: what is published after that is heard. */
  known(): Promise<void>;
  /** No message is heard any more. */
  unsubscribe(): void;
  /** No message is sent here any more; those that are on their way are heard. Fulfils, in any case, when there are none. */
  drain(): Promise<void>;
}

/** How a connection stands. */
export type ConnectionState = "connected" | "disconnected" | "closed";

/** Streams of the engine, which keep what is appended until it is acknowledged. */
export interface Logs {
  /** Opens a log for a group, and makes it if it is not there. Rejects with a `TypeError` when it exists with other settings. */
  open(name: string, settings: LogSettings): Promise<Log>;
}

/** Small values that the engine keeps for everybody, such as the end of a channel. */
export interface Notes {
  /** Keeps a value under a name, in place of the one before. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** The value that is kept under a name, if there is one. */
  get(name: string): Promise<Uint8Array | undefined>;
}

/** A connection to an engine. Experimental: it may change until a second engine implements it. */
export interface Broker {
  /** How many bytes a message may have. */
  readonly maxBytes: number;
  /** Whether it is connected now. */
  readonly connected: boolean;
  /** Once it is closed for good: why, if there was an error. */
  readonly closed: {
    /** Why, if it was an error. */
    readonly cause?: unknown;
  } | undefined;
  /** `"by tasks"` if only tasks of this program can let its waits happen, so that a deadlock is one. `"from outside"`, if left out. */
  readonly resumed?: "by tasks" | "from outside";
  /** Hears of each change of its state, until the function that is returned is called. */
  states(heard: (state: ConnectionState, error?: unknown) => void): () => void;
  /** Hands a message to the connection. Only called while it is connected. */
  publish(subject: string, bytes: Uint8Array): void;
  /** Hears all messages of a subject; in a group, each is heard by one member. Subscriptions come back after a reconnect. */
  subscribe(subject: string, options: {
    /** The group. */
    group?: string | undefined;
  }, heard: (message: Message) => void): Subscription;
  /**
   * Asks, and gives the first answer. Rejects with {@link NobodyThere} when the engine knows that nobody hears, else with {@link TimedOut}: after `timeout`,
   * or once the connection is lost.
   */
  request(subject: string, bytes: Uint8Array, options: {
    /** In milliseconds. */
    timeout: number;
  }): Promise<Message>;
  /** Left out where nothing is stored. */
  readonly logs?: Logs | undefined;
  /** Left out where nothing is stored. */
  readonly notes?: Notes | undefined;
}

/** How a log is kept, and how a group of it is served. */
export interface LogSettings {
  /** Whose values these are: each group gets all that is stored after it was opened. */
  readonly group: string;
  /** How many values it keeps at most. */
  readonly capacity: number;
  /** For how long a value is leased, in milliseconds. */
  readonly lease: number;
  /** Where it is kept. */
  readonly storage: "file" | "memory";
  /** On how many servers. */
  readonly replicas: number;
  /** After how many milliseconds a value is dropped. */
  readonly maxAge: number;
  /** For how many milliseconds an id is known. */
  readonly dedupWindow: number;
  /** Whether it is made if it does not exist. */
  readonly create: boolean;
  /** Which of these have to be as given if it exists. */
  readonly compared: readonly (keyof LogSettings)[];
}

/** A stored stream of values, as one group sees it. */
export interface Log {
  /**
   * Stores a value under an id. Rejects with {@link TimedOut} when there is no answer within `timeout` milliseconds, with {@link NobodyThere} when
   * the engine knows of no such log, with another error when it refuses.
   *
   * @returns `"known"` when the id is known: nothing was stored; `"full"` when there is no room
   */
  append(bytes: Uint8Array, id: string, options: {
    /** In milliseconds. */
    timeout: number;
  }): Promise<"stored" | "known" | "full">;
  /**
   * Leases up to `max` values, and waits for them as long as it takes. After an abort no more is asked for; what was on its way still comes, and
   * then it ends.
   */
  lease(max: number, options: {
    /** Ends it. */
    signal: AbortSignal;
  }): AsyncIterable<Leased>;
  /** Says at once what it has gathered, such as acknowledgements. Left out where nothing is gathered. */
  flush?(): void;
  /** How many values wait for a lease of this group, and how many are leased or put off. */
  size(): Promise<{
    /** For a lease. */
    waiting: number;
    /** Or put off. */
    leased: number;
  }>;
}

/** A value that is leased. */
export interface Leased {
  /** The value. */
  readonly bytes: Uint8Array;
  /** The id under which it was stored. */
  readonly id: string;
  /** How many times it has been leased, this time included. */
  readonly attempt: number;
  /** When it was stored. */
  readonly sentAt: Date;
  /** Done: it goes away. Not confirmed, and said soon. */
  ack(): void;
  /** Done, and confirmed by the engine; otherwise rejects with {@link TimedOut}. Harmless when it is repeated. */
  acked(options: {
    /** In milliseconds. */
    timeout: number;
  }): Promise<void>;
  /** Not done: it comes again, in `after` milliseconds at the earliest. */
  nak(after: number): void;
  /** The lease begins anew. */
  extend(): void;
}

/** Nobody hears what was asked: nothing has happened. For implementations of {@link Broker}. */
export class NobodyThere extends Error {
  /** `"NobodyThere"`. */
  override readonly name = "NobodyThere";
}

/** There was no answer in time: nobody knows what has happened. For implementations of {@link Broker}. */
export class TimedOut extends Error {
  /** `"TimedOut"`. */
  override readonly name = "TimedOut";
}
