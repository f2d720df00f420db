/**
 * Channels between machines, over a connection of the official client of NATS.
 *
 * The guarantee is in the name: {@link Remote.queue} stores and delivers at least once.
 *
 * @module
 */
export { overNats, type NatsRemoteOptions } from "./over-nats.ts";
export type {
  JetStreamLike, JetStreamManagerLike, NatsConnectionLike, NatsMessageLike, NatsSubscriptionLike, StreamConfigLike,
} from "./server/client-types.ts";
export { overBroker, type Remote, type RemoteOptions } from "./remote.ts";
export type { Codec, StandardSchemaLike, Validator } from "./codec.ts";
export type { DeadLetter, Delivery, Queue, QueueOptions, QueueSendOptions, QueueServeOptions, QueueRetryOptions, QueueSize } from "./queue-types.ts";
export { RemoteError, UnknownOutcomeError, type ErrorParts } from "./errors.ts";
export {
  NobodyThere, TimedOut, type Broker, type ConnectionState, type Leased, type Log, type Logs, type LogSettings, type Message, type Notes, type Subscription,
} from "./broker.ts";
