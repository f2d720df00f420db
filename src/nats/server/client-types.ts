/**
 * What is called of the official client, version 3, so that a program without it compiles as well.
 */

/** A message of the client. */
export interface NatsMessageLike {
  /** Where it was published. */
  readonly subject: string;
  /** Where an answer goes. */
  readonly reply?: string;
  /** What it carries. */
  readonly data: Uint8Array;
  /** Its headers, and the status of the server. */
  readonly headers?: {
    /** Of a status. */
    readonly code: number;
    /** Of a status, in words. */
    readonly description: string;
    /** A header by its name. */
    get(name: string): string;
  } | undefined;
  /** Answers it. */
  respond(payload?: Uint8Array): boolean;
}

/** A subscription of the client. */
export interface NatsSubscriptionLike {
  /** Ends it at once. */
  unsubscribe(): void;
  /** Ends it when all that was on its way has come. */
  drain(): Promise<void>;
}

/** A connection of the client, as `connect` of `@nats-io/transport-node` gives it. */
export interface NatsConnectionLike {
  /** What the server has said of itself. */
  readonly info?: {
    /** Of the server. */
    readonly version: string;
    /** How many bytes a message may have. */
    readonly max_payload: number;
  } | undefined;
  /** Whether it is closed for good. */
  isClosed(): boolean;
  /** When it is closed for good, with the error that has closed it. */
  closed(): Promise<unknown>;
  /** Sends a message. */
  publish(subject: string, payload?: Uint8Array, options?: {
    /** Where an answer goes. */
    reply?: string;
  }): void;
  /** Hears a subject. */
  subscribe(subject: string, options?: {
    /** The queue group. */
    queue?: string;
    /** Gets each message. */
    callback?: (error: Error | null, message: NatsMessageLike) => void;
  }): NatsSubscriptionLike;
  /** Asks. */
  request(subject: string, payload?: Uint8Array, options?: {
    /** In milliseconds. */
    timeout: number;
  }): Promise<NatsMessageLike>;
  /** When the server has handled all that was sent. */
  flush(): Promise<void>;
  /** What happens to the connection. */
  status(): AsyncIterable<{
    /** What. */
    readonly type: string;
  }>;
}

/** What `jetstream(connection)` of `@nats-io/jetstream` gives. */
export interface JetStreamLike {
  /** Stores a message. */
  publish(subject: string, payload?: Uint8Array, options?: {
    /** Its id. */
    msgID: string;
    /** In milliseconds. */
    timeout: number;
  }): Promise<{
    /** It was stored before. */
    readonly duplicate: boolean;
  }>;
  /** How it was made. */
  getOptions(): {
    /** Where the server is asked. */
    apiPrefix?: string;
  };
}

/** Settings of a stream, as far as they are looked at. */
export interface StreamConfigLike {
  /** How many values it keeps, or -1. */
  max_msgs: number;
  /** `"file"` or `"memory"`. */
  storage: string;
  /** On how many servers. */
  num_replicas: number;
  /** In nanoseconds, 0 for ever. */
  max_age: number;
  /** In nanoseconds. */
  duplicate_window: number;
}

/** What `await jetstreamManager(connection)` of `@nats-io/jetstream` gives. */
export interface JetStreamManagerLike {
  /** Streams. */
  readonly streams: {
    /** Makes one. */
    add(config: never): Promise<unknown>;
    /** Looks at one. */
    info(stream: string): Promise<{
      /** Its settings. */
      config: StreamConfigLike;
    }>;
    /** A message of one. */
    getMessage(stream: string, query: {
      /** The last one of a subject. */
      last_by_subj: string;
    }): Promise<{
      /** What it carries. */
      readonly data: Uint8Array;
    } | null>;
  };
  /** Consumers. */
  readonly consumers: {
    /** Makes one. */
    add(stream: string, config: never): Promise<unknown>;
    /** Looks at one. */
    info(stream: string, consumer: string): Promise<{
      /** Its settings. */
      config: {
        /** In nanoseconds. */
        ack_wait?: number;
      };
      /** How many values it has not given yet. */
      num_pending: number;
      /** How many are given and not done. */
      num_ack_pending: number;
    }>;
  };
}
