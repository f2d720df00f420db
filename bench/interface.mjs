/**
 * What a library and a workload look like to each other. Types only; nothing here runs.
 *
 * A workload is written once for each style in which tasks are written, so that every library runs the code that its users
 * would write, with nothing of ours around it:
 *
 * - `async`: async functions; each send and each receive is awaited.
 * - `generator`: generator functions; each send and each receive is behind a `yield*`.
 * - `trampoline`: the lower bound of generators. Operations are plain calls that say whether they happened, and only who has
 *   to wait yields.
 *
 * What a library cannot do is absent from its adapter; the table says n/a.
 */

/**
 * @typedef {object} Selector A select whose cases are known already, to be waited for again and again.
 * @property {() => any} wait to be awaited, or behind a `yield*`
 * @property {(result: any) => any} value the value received, if it was a receive
 * @property {(result: any) => boolean} [sent] whether it was a send; only asked where there were sends
 */

/**
 * @typedef {object} Library
 * @property {string} title the head of its column
 * @property {"async" | "generator" | "trampoline" | "process"} style
 * @property {{ from: string, typical: string }} [imports] what a program imports that uses channels, tasks, select and sleep
 * @property {(capacity: number) => any} [make] a channel
 * @property {(channel: any, value: number) => any} [send]
 * @property {(channel: any) => any} [receive]
 * @property {(received: any) => any} [value] the value, out of what `receive` gave
 * @property {(body: (...args: any[]) => any, ...args: any[]) => unknown} [spawn] start a task
 * @property {(bodies: (() => any)[]) => any} [gather] run tasks and wait for all; gives an array of what they returned
 * @property {(body: (spawn: (child: (...args: any[]) => any, ...args: any[]) => unknown, cancel: () => any) => any) => any} [inScope]
 * run a body, and tasks that end before it is over; `cancel` ends them all
 * @property {(body: () => any) => any} [scopeOf] a scope with just this body
 * @property {() => any} [breathe] let the event loop turn
 * @property {(body: () => any) => any} [run] drive a program from outside; needed where the style is not `async`
 * @property {(receives: any[], sends?: [channel: any, value: number][]) => Selector} [select]
 * @property {boolean} [selectsSends] whether `select` takes sends too
 * @property {(channel: any, ms: number) => any} [receiveWithin] receive, or give up after a time
 * @property {(channel: any, ms: number) => any} [receiveInTimeout] the same by a body that has a time limit
 * @property {(channel: any, ms: number) => () => any} [receivingInTimeout] what does this again and again, with one function as the body
 * @property {(channel: any, signal: AbortSignal) => any} [receiveUnless] receive, or give up when the signal aborts
 */

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} title the beginning of its row
 * @property {string} unit of the figure, of which less is better
 * @property {"rate" | "fixed" | "once"} kind `rate`: nanoseconds for one of `count` operations; `fixed`: milliseconds for the
 * whole; `once`: the program itself gives the figure
 * @property {(keyof Library)[]} needs
 * @property {boolean} [worst] of several repetitions the worst counts, not the median
 * @property {boolean} [exact] one repetition is enough
 * @property {(count: number) => unknown} [expected] what the program has to return
 * @property {(library: any, count: number) => any} [async]
 * @property {(library: any, count: number) => any} [generator]
 * @property {(library: any, count: number) => any} [trampoline]
 * @property {(library: Library, run: (count: number) => Promise<any>) => Promise<number>} [figure] for `once`
 */

export {};
