/**
 * Channels between machines, over a connection of the official client of NATS.
 *
 * The guarantee is in the name: {@link Remote.queue} stores and delivers at least once, {@link Remote.topic} at most once to each
 * subscriber, and {@link Remote.channel} is a rendezvous.
 *
 * @module rendezvous/nats
 */
// Channels between machines
export { overNats, type NatsRemoteOptions } from "./over-nats.ts";
export type {
  JetStreamLike, JetStreamManagerLike, NatsConnectionLike, NatsMessageLike, NatsSubscriptionLike, StreamConfigLike,
} from "./server/client-types.ts";
export { overBroker, type Remote, type RemoteOptions } from "./remote.ts";
export type { Codec, StandardSchemaLike, Validator } from "./codec.ts";
// Queues
export type { DeadLetter, Delivery, Queue, QueueOptions, QueueSendOptions, QueueServeOptions, QueueRetryOptions, QueueSize } from "./queue-types.ts";
// Topics
export type { SubscribeOptions, Topic, TopicOptions } from "./topic.ts";
// Channels
export { remote, type RemoteChannel, type RemoteChannelOptions } from "./channel.ts";
// Calls
export type { RemoteCallsOptions } from "./remote-calls.ts";
// Errors
export { RemoteError, UnknownOutcomeError, type ErrorParts } from "./errors.ts";
// Brokers
export {
  NobodyThere, TimedOut, type Broker, type ConnectionState, type Leased, type Log, type Logs, type LogSettings, type Message, type Notes, type Subscription,
} from "./broker.ts";
