/**
 * Communicating tasks for TypeScript, where every wait is a value you can choose from.
 *
 * In reading order: channels, operations, select, tasks, two-way handover, time, errors.
 *
 * @module rendezvous
 */
// Channels
export { chan, Channel } from "./channel/channel.ts";
export type { Buffer, ChannelOptions, Receiver, Sender } from "./channel/channel-types.ts";
// Operations
export { perform, poll } from "./core/perform.ts";
export type { Operation, WaitOptions } from "./core/operation.ts";
export { choose } from "./core/choice.ts";
export { always, guard, never } from "./ops/always-never-guard.ts";
export { operation, type OperationSource } from "./ops/source.ts";
export { attempting } from "./ops/attempting.ts";
export { awaiting, settling } from "./ops/promise.ts";
export { aborting } from "./ops/aborting.ts";
// Select
export { select, selecting, trySelect } from "./core/select.ts";
export type { Cases, Falsy, Selected, SelectOrder } from "./core/select-types.ts";
// Tasks
export { go, named, Task, type TaskState } from "./task/task.ts";
export type { Body, GivenBody, ResultOf } from "./task/body.ts";
// Scopes
export { openScope, scope } from "./task/scope/scope.ts";
export type { OpenScope, Scope } from "./task/scope/scope-types.ts";
export type { OnError, ScopeOptions } from "./task/scope/scope-options.ts";
export { ChildTask } from "./task/child.ts";
export { shield, timeout, type TimeoutOptions } from "./task/scope/timeout.ts";
export { detached } from "./task/cancel/detached.ts";
export { gather, type Gathered, type GatherJob, type GatherJobs, type GatherOptions } from "./task/scope/gather.ts";
export { race, type RaceOptions } from "./task/scope/race.ts";
export { checkpoint } from "./task/checkpoint.ts";
export { suppressedOf } from "./task/scope/suppressed.ts";
// Programs
export { run, type RunOptions } from "./task/scope/run.ts";
export { dumpTasks } from "./task/report/dump.ts";
// Conversations
export { calls, type Call, type CallChannel, type Client, type Server } from "./talk/calls.ts";
export { coroutine, type Coroutine } from "./talk/coroutine.ts";
// Time
export { sleep, sleeping } from "./time/sleep.ts";
export { ticker, type Ticker } from "./time/ticker.ts";
// Errors
export { CancelledError, ClosedError, DeadlockError, OverflowError, TimeoutError, type CaseKey, type ClosedErrorOptions } from "./errors.ts";
