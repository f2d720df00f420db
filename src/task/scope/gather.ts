/**
 * Gather: several jobs at once, their results in the order of the jobs.
 *
 * 1. Thunks are run as the tasks of a scope; promises and tasks are only observed.
 * 2. The first failure is the outcome, by identity. Thunks not started by then never start; those that run are cancelled and awaited,
 *    or (`onError: "leave"`) go on, and a later failure of theirs counts as handled.
 *
 * Idea: asyncio's `gather`, with its `return_exceptions`; cancelling what it has started is trio's way. The record form and `limit` follow p-map and
 * the wishes of its users.
 */
import { checkedSignal, knownOptions, type Known } from "../../support/given.ts";
import type { AsyncGeneratorOf, IfWithoutParameters, IfYieldable, NeverRun, Unless } from "../mistakes.ts";
import { External, nothing, performable, Performable, RunsUserCode, type WaitOptions } from "../../core/operation.ts";
import { perform, performIn, promised } from "../../core/perform.ts";
import { settling } from "../../ops/promise.ts";
import { BareWaiter, release, withdraw, type Outcome, type WaitPlace, type Waiter } from "../../core/wait-queue.ts";
import { misuse, show, tagOf } from "../../errors.ts";
import { checkedBody, isThenable, type ResultOf } from "../body.ts";
import { ScopeState } from "./scope-state.ts";
import { go, Task } from "../task.ts";

/** One job of a {@link gather}: a thunk (an async, a plain or a generator function) to run as a task, or a promise or task to observe. */
export type GatherJob = (() => unknown) | PromiseLike<unknown>;

/** The jobs of a {@link gather}: an array (or tuple), any other iterable, or a record. */
export type GatherJobs = JobsOf<GatherJob>;
type JobsOf<Job> = readonly Job[] | Iterable<Job> | Readonly<Record<string, Job>>;

type JobResult<J> = J extends () => unknown ? ResultOf<J> : Awaited<J>;

/** What the jobs give: a tuple, an array, or a record of the same shape. */
export type Gathered<J, Extra = never> = J extends readonly unknown[] ? Results<J, Extra>
  : J extends Iterable<infer Job> ? (JobResult<Job> | Extra)[]
  : Results<J, Extra>;
type NoJob = "write () => work(): a job is a function, a promise or a task";
type NoJobs = "write gather([a, b]) or gather({ a, b }), of functions, promises and tasks";
type ListOf<Job> = Iterable<Job> | Readonly<Record<string, Job>>;
/** The jobs, or the sentence that the compiler shows for anything else; `A` are the parameters of a job. */
type GivenJobs<J, Y, Z, A, P> = Unless<P, PromiseLike<P> | (() => P) | { [Symbol.asyncIterator](): P },
  Unless<Z, ListOf<() => AsyncGeneratorOf<Z>>, IfYieldable<Y, ListOf<() => Generator<Y, unknown, unknown>>,
    IfWithoutParameters<A, ListOf<(...args: A extends unknown[] ? A : never) => unknown>, J,
      "write gather([() => work(value)]): a job is given nothing">>, NeverRun>,
  "write gather([a, b]), not gather(a, b)">;
type Results<J, Extra> = { -readonly [Key in keyof J]: JobResult<J[Key]> | Extra };

/** The options of {@link gather}. */
export interface GatherOptions extends WaitOptions {
  /**
   * How many thunks run at the same time: a whole number from 1 up, or `Infinity`.
   *
   * @defaultValue `Infinity`
   */
  limit?: number | undefined;
  /**
   * Errors become results, in their job's place, and the gather never rejects because of a job.
   *
   * @defaultValue `false`
   */
  returnErrors?: boolean | undefined;
  /**
   * What happens to running thunks when a job fails: `"cancel"` cancels and awaits them, `"leave"` lets them go on, as asyncio does.
   *
   * @defaultValue `"cancel"`
   */
  onError?: "cancel" | "leave" | undefined;
}

/**
 * Runs several jobs at once and gives their results, in the order or under the names of the jobs. When the promise settles, none of its thunks is
 * running, unless `onError` is `"leave"`.
 *
 * @param jobs - an array, any other iterable (a set, a generator's object; read to its end at the call) or a record of jobs. A job is a thunk, which
 * is run as a task, or a promise or a task, which is observed and never cancelled
 * @param options - `limit`: how many thunks run at the same time; `returnErrors`: errors as results; `onError`: whether a failure cancels the others;
 * `signal`: cancels all thunks and ends the wait
 * @returns rejects with the first error of a job, the very object; with `signal.reason`; with a `TypeError` when a job is none of the three or `jobs`
 * is neither an iterable nor a record; with a `RangeError` for a bad limit
 *
 * @example
 * ```ts
 * import { gather, sleep } from "rendezvous";
 *
 * const greet = async (name: string, ms: number): Promise<string> => {
 *   await sleep(ms);
 *   return `Hello ${name}!`;
 * };
 * console.log(await gather([() => greet("Bob", 20), () => greet("Ash", 10)])); // [ 'Hello Bob!', 'Hello Ash!' ]
 * console.log(await gather({ sum: () => 1 + 2, text: Promise.resolve("three") })); // { sum: 3, text: 'three' }
 * ```
 *
 * Idea: asyncio's `gather`.
 */
export function gather<
  const J extends JobsOf<GatherJob | NoJob> | NoJobs, R extends boolean | undefined = undefined, Y = never, Z = never, A = never, P = never,
>(
  jobs: GivenJobs<J, Y, Z, A, P>,
  options?: GatherOptions & {
    /** Errors are results, in the place of their job. The type says `Error`, although a job may throw any value. */
    returnErrors?: R;
  },
): Promise<Gathered<J, [R] extends [false | undefined] ? never : Error>>;
export function gather(jobs: unknown, options: GatherOptions = {}): Promise<unknown> {
  return promised(() => {
    const given = readJobs(jobs as GatherJobs);
    const { signal, onError = "cancel", returnErrors = false } = knownOptions(options, gatherOptions, "gather");
    if (signal !== undefined) checkedSignal(signal, "the option signal");
    if (onError !== "cancel" && (onError as string) !== "leave") {
      throw new TypeError(`onError of gather is "cancel" or "leave"; got ${show(onError)}`);
    }
    const gathering = new Gathering(given, options);
    if (onError === "leave" || !gathering.hasThunks) return perform(gathering, signal === undefined ? undefined : { signal });
    const settings = { signal, passReason: true, onError: returnErrors ? "supervise" : "cancel" } as const;
    const state = new ScopeState("gather", undefined, settings);
    gathering.start = (thunk): Task<unknown> => state.go(thunk);
    return state.runOwn(() => performIn(state.cancelScope, gathering));
  });
}

const gatherOptions: Known<GatherOptions> = { limit: true, returnErrors: true, onError: true, signal: true };

/** The jobs as they were given, and the operations that wait for the promises among them. A task is waited for by one that need not be kept. */
interface CheckedJobs {
  /** Their names, when they came as a record. */
  readonly names: readonly string[] | undefined;
  readonly jobs: readonly GatherJob[];
  readonly observing: readonly (Performable<unknown> | undefined)[];
}

/** Read the jobs. The rejection of a promise counts as handled once it is read, even if a later job is not valid or reading fails. */
function readJobs(given: GatherJobs): CheckedJobs {
  checkedJobs(given);
  const names = isList(given) ? undefined : Object.keys(given);
  const jobs: GatherJob[] = [];
  const observing: (Performable<unknown> | undefined)[] = [];
  for (const job of isList(given) ? given : Object.values(given)) {
    jobs.push(job);
    observing.push(!(job instanceof Task) && isThenable(job) ? operationOf(job) : undefined);
  }
  return { names, jobs, observing };
}

/** One gathering, performed once. */
class Gathering extends Performable<unknown> implements WaitPlace {
  /** The names of the jobs, when they came as a record. */
  readonly #names: readonly string[] | undefined;
  readonly #jobs: readonly GatherJob[];
  readonly #limit: number;
  readonly #returnErrors: boolean;
  readonly #results: unknown[];
  readonly #observed: JobWaiter[] = [];
  /** How a thunk becomes a task. */
  start: (thunk: () => unknown) => Task<unknown> = go;
  /** For each job that is a promise, the operation that waits for it. */
  readonly #observing: readonly (Performable<unknown> | undefined)[];
  #outside: Waiter | undefined = undefined;
  #nextThunk = 0;
  #left: number;
  /** How many of the jobs that are left are promises from outside the library: counted, since `bubble` asks again each time a job ends. */
  #promisesLeft: number;

  constructor({ names, jobs, observing }: CheckedJobs, { limit = Infinity, returnErrors = false }: GatherOptions) {
    super();
    if (!(limit >= 1 && (Number.isInteger(limit) || limit === Infinity))) {
      throw new RangeError(`the limit of gather is a whole number from 1 up, or Infinity; got ${show(limit)}`);
    }
    jobs.forEach((job, index) => {
      if (!isThenable(job)) checkedJob(job, JSON.stringify(names?.[index] ?? index));
    });
    this.#names = names;
    this.#jobs = jobs;
    this.#limit = limit;
    this.#returnErrors = returnErrors;
    this.#results = new Array<unknown>(jobs.length);
    this.#left = jobs.length;
    this.#observing = observing;
    this.#promisesLeft = observing.filter(isExternal).length;
  }

  get hasThunks(): boolean {
    return this.#jobs.some(isThunk);
  }

  override toString(): string {
    return `gather of ${String(this.#jobs.length)} jobs`;
  }

  /** If all jobs have ended already, it ends while it is enlisted. */
  override get traits(): number {
    return RunsUserCode | (this.#promisesLeft > 0 ? External : 0);
  }

  override attempt(): unknown {
    return this.#left === 0 ? this.#outcome() : nothing;
  }

  override enlist(waiter: Waiter): void {
    waiter.place = this;
    this.#outside = waiter;
    this.#jobs.forEach((job, index) => {
      const operation = job instanceof Task ? operationOf(job) : this.#observing[index];
      if (operation) this.#observe(index, operation);
    });
    for (let running = 0; running < this.#limit && this.#startNext(); running++);
  }

  /** Stop observing promises and tasks. Thunks that run keep their observer, so that their failure is not an unhandled rejection. */
  withdraw(waiter: Waiter): void {
    release(waiter);
    this.#outside = undefined;
    for (const observer of this.#observed) if (!this.#isOwn(observer.index)) withdraw(observer);
  }

  /** Start the next thunk, if there is one and its result is still wanted. */
  #startNext(): boolean {
    while (this.#outside !== undefined && this.#nextThunk < this.#jobs.length) {
      const index = this.#nextThunk++;
      if (this.#isOwn(index)) {
        this.#observe(index, operationOf(this.start(this.#jobs[index] as () => unknown)));
        return true;
      }
    }
    return false;
  }

  /** Whether the gathering itself started the job. */
  #isOwn(index: number): boolean {
    return isThunk(this.#jobs[index] as GatherJob);
  }

  #observe(index: number, job: Performable<unknown>): void {
    const observer = new JobWaiter(this, index);
    try {
      const value = job.attempt();
      if (value !== nothing) this.settled(index, value);
      else {
        job.enlist(observer);
        this.#observed.push(observer);
      }
    } catch (error) {
      this.failed(index, error);
    }
  }

  settled(index: number, value: unknown): void {
    this.#results[index] = value;
    this.#left--;
    if (isExternal(this.#observing[index])) this.#promisesLeft--;
    if (this.#isOwn(index)) this.#startNext();
    if (this.#left === 0) this.#end()?.resume("value", this.#outcome());
  }

  failed(index: number, error: unknown): void {
    if (this.#returnErrors) this.settled(index, error);
    else this.#end()?.resume("error", error);
  }

  /** Stop observing, and return the waiter for the outcome. A second call returns nothing. */
  #end(): Waiter | undefined {
    const outside = this.#outside;
    if (outside !== undefined) this.withdraw(outside);
    return outside;
  }

  #outcome(): unknown {
    const names = this.#names;
    return names === undefined ? this.#results : Object.fromEntries(names.map((name, index) => [name, this.#results[index]]));
  }
}

/** Observes one job. */
class JobWaiter extends BareWaiter {
  readonly #gathering: Gathering;
  readonly index: number;

  constructor(gathering: Gathering, index: number) {
    super();
    this.#gathering = gathering;
    this.index = index;
  }

  // A joining or settling operation never resumes with a result that is still to be computed.
  override resume(how: Outcome, what: unknown): void {
    if (how === "error") this.#gathering.failed(this.index, what);
    else this.#gathering.settled(this.index, what);
  }
}

/** The operation that waits for a promise or a task. */
function operationOf(job: PromiseLike<unknown>): Performable<unknown> {
  return performable(job instanceof Task ? (job as Task<unknown>).joining() : settling(job), "gather");
}

const isList = (jobs: GatherJobs): jobs is Iterable<GatherJob> =>
  Array.isArray(jobs) || typeof (jobs as Partial<Iterable<GatherJob>>)[Symbol.iterator] === "function";
const isExternal = (operation: Performable<unknown> | undefined): boolean => operation !== undefined && (operation.traits & External) !== 0;
const isThunk = (job: GatherJob): job is () => unknown => typeof job === "function" && !isThenable(job);

/** Refuse everything that is neither a list nor a record: it would count as an empty record, and silently nothing would run. */
function checkedJobs(jobs: unknown): void {
  const cure = cureFor(jobs);
  if (cure === undefined) return;
  throw misuse("gather", `an array, another iterable or a plain record of jobs: ${cure}`, jobs);
}

function cureFor(jobs: unknown): string | undefined {
  if (typeof jobs === "function" || isThenable(jobs)) return "write gather([a, b]), not gather(a, b)";
  if (typeof jobs !== "object" || jobs === null) return "write gather([a, b]) or gather({ a, b })";
  if (jobs instanceof Performable) return "write gather([() => perform(operation)])";
  if (tagOf(jobs) === "Map") return "write gather(map.values()), or gather(Object.fromEntries(map))";
  if (Symbol.iterator in jobs) return undefined;
  if (Symbol.asyncIterator in jobs) return "collect its jobs in an array first";
  const prototype = Object.getPrototypeOf(jobs) as object | null; // the prototype of a record inherits from nothing, in every realm
  return prototype === null || Object.getPrototypeOf(prototype) === null ? undefined : "write gather({ ...object }) for its own fields";
}

function checkedJob(job: unknown, name: string): void {
  if (job instanceof Performable) throw new TypeError(`gather job ${name} is an operation: write () => perform(operation)`);
  if (typeof job !== "function") throw new TypeError(`gather job ${name} is ${show(job)}: a job is a function, a promise or a task`);
  checkedBody(job, `gather (job ${name})`);
}
