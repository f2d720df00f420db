/**
 * Communicating tasks for TypeScript, where every wait is a value you can choose from.
 *
 * In reading order: channels, operations, select, tasks, two-way handover, time, errors.
 *
 * @module
 */
export { chan, Channel } from "./core/channel.ts";
export type { ChannelOptions, Receiver, Sender } from "./core/sides.ts";
export { perform, poll } from "./core/perform.ts";
export type { Operation, WaitOptions } from "./core/operation.ts";
export { choose } from "./core/choice.ts";
export { always, guard, never, operation, type OperationSource } from "./core/sources.ts";
export { attempting, awaiting, settling } from "./core/promises.ts";
export { aborting } from "./core/aborting.ts";
export { select, selecting, trySelect, type Cases, type Falsy, type Selected, type SelectOrder } from "./core/select.ts";
export { go, named, Task, type TaskState } from "./task/task.ts";
export type { Body, GivenBody, ResultOf } from "./task/body.ts";
export { openScope, scope, type OpenScope, type Scope, type ScopeOptions } from "./task/scope.ts";
export type { OnError } from "./task/live-scope.ts";
export { ChildTask } from "./task/child.ts";
export { shield, timeout, type TimeoutOptions } from "./task/timeout.ts";
export { detached } from "./task/detached.ts";
export { gather, type Gathered, type GatherJob, type GatherJobs, type GatherOptions } from "./task/gather.ts";
export { race, type RaceOptions } from "./task/race.ts";
export { checkpoint } from "./task/checkpoint.ts";
export { suppressedOf } from "./task/suppressed.ts";
export { run, type RunOptions } from "./task/run.ts";
export { dumpTasks } from "./task/dump.ts";
export { calls, type Call, type CallChannel, type Client, type Server } from "./talk/calls.ts";
export { coroutine, type Coroutine } from "./talk/coroutine.ts";
export { sleep, sleeping } from "./time/sleep.ts";
export { ticker, type Ticker } from "./time/ticker.ts";
export { CancelledError, ClosedError, DeadlockError, TimeoutError, type CaseKey, type ClosedErrorOptions } from "./errors.ts";
