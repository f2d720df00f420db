/**
 * Synchronisation: who may, how many at a time, how often, and once for all. Everything that waits here is an operation: a case of a `select`, a `yield*`.
 *
 * In reading order: semaphores and locks, rate limits, values to wait for, shared runs, retrying, pools, buffers by priority.
 *
 * @module rendezvous/sync
 */
// Locks and limits
export { semaphore, type Permit, type Semaphore, type SemaphoreOptions } from "./semaphore.ts";
export { rateLimiter, type RateLimiter, type RateLimiterOptions } from "./rate-limiter.ts";
// Values to wait for
export { cell, type Cell, type CellOptions } from "./cell.ts";
// Runs
export { singleflight, type Singleflight, type SingleflightOptions } from "./singleflight.ts";
export { retry, type RetryOptions } from "./retry.ts";
// Resources and order
export { pool, type Pool } from "./pool.ts";
export { byPriority } from "./priority.ts";
export type { Lease, PoolOptions } from "./resources.ts";
