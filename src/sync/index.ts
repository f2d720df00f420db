/**
 * Synchronisation: who may, how many at a time, how often, and once for all. Everything that waits here is an operation: a case of a `select`, a `yield*`.
 *
 * In reading order: semaphores and locks, rate limits.
 *
 * @module
 */
export { semaphore, type Permit, type Semaphore, type SemaphoreOptions } from "./semaphore.ts";
export { rateLimiter, type RateLimiter, type RateLimiterOptions } from "./rate-limiter.ts";
