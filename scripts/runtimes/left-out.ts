/**
 * What is not run on a runtime, and why: the one list of it. The matrix prints it.
 *
 * `what` is a file of specs, an example, a program of `programs.ts`, or a piece of the title of a spec or of several.
 */
import { readdirSync, readFileSync } from "node:fs";

interface LeftOut {
  on: readonly string[];
  what: string;
  why: string;
}

const nodes = ["Node 22", "Node 24", "Node 26"];
const others = ["Bun 1.4", "Deno 2.9"];
const browsers = ["Chromium", "Firefox"];

export const all: readonly LeftOut[] = [
  ...readdirSync("examples").filter((name) => name.endsWith(".ts") && /from "(node:|rendezvous\/n(et|ats)")/.test(readFileSync(`examples/${name}`, "utf8")))
    .map((name): LeftOut => ({ on: browsers, what: `example ${name}`, why: "it uses what Node has, and browsers have not" })),
  ...["winning a select, it has withdrawn the others", "aborted while it waits, it rejects", "aborted after it has happened, nothing changes", "by the very guard of the operation is seen", "every operation: aborting ", "all of them at once in one select", "calls CC-03 (a)", "calls CC-04 (a)", "calls CC-04 (d)", "calls CC-08 (e)", "closing calls CC-03 (c)", "a signal that outlives ten thousand waits"]
    .map((what): LeftOut => ({ on: browsers, what, why: "it counts listeners by node:events" })),
  ...["Queue does not hold on to a value", "a value whose send was withdrawn is not referred to"].map((what): LeftOut => ({ on: browsers, what, why: "a page cannot ask for a collection of garbage" })),
  ...["every operation: hearing", "every operation: sending to a stream"].map((what): LeftOut => ({ on: browsers, what, why: "it uses emitters and streams of Node" })),
  ...["law 12: a failure that nobody joins reaches the process", "law 12: an error of user code that nothing waits for reaches the process", "law 12: a program in which everybody waits for ever", "calls CC-05 (b)", "CC-10 (h)", "CC-10 (i)"]
    .map((what): LeftOut => ({ on: browsers, what, why: "it listens to a process, or starts one" })),
  { on: [...nodes, ...others], what: "RG-13 a hundred thousand tasks are gathered, and 8 times", why: "it compares times, and two runs go on at once here" },
  { on: others, what: "flows: what they cost FL-201", why: "its bounds are bytes that the gzip of Node packs; another one gives 0.3 % more for the same program" },
  { on: ["Deno 2.9"], what: "giving up RG-16 (b)", why: "it compares times, and two runs go on at once here" },
  { on: ["Deno 2.9"], what: "resources RS-01", why: "it measures the heap to 110 kB, and Deno now and then takes 200 kB of it for itself; RG-08, of a million selects, runs there" },
  {
    on: ["Bun 1.4"], what: "is told by node:test, by its hooks",
    why: "started without its test runner, Bun ends at the first `test` of node:test: \"Cannot use test outside of the test runner\". `bun test` reports a leak (leaks.test.js shows it), but not who waits in a test that does not end: the signal that Bun passes to a test is never aborted",
  },
  {
    on: ["Deno 2.9"], what: "is told by node:test, by its hooks",
    why: "started without its test runner, Deno runs no test of node:test, and ends with the code 0. `deno test` reports who waits in a test when its `timeout` is up (leaks.test.js shows it), but no leak: an `afterEach` of node:test that rejects fails no test there, and 'beforeExit' is not emitted",
  },
  { on: ["Bun 1.4"], what: "uncaught errors in debug mode Messages", why: 'Bun shows the places of an uncaught error, and not the stack that was set: `error.stack += "\\n here"; throw error` shows nothing of it' },
  { on: ["Deno 2.9"], what: "uncaught errors in debug mode Messages", why: "once `stack` has been read, Deno shows an uncaught error by its call sites, and not by the stack that was set" },
  { on: ["Bun 1.4"], what: "names its places by its source map", why: "Bun applies no source map of a program that was bundled before" },
  ...["cjs", "iife"].map((format): LeftOut => ({ on: ["Deno 2.9"], what: `PK-03 (${format}) names its places by its source map`, why: "Deno applies the source maps of modules, and none of CommonJS" })),
  { on: others, what: "a signal of the library the warning is the platform's", why: "no EventTarget warns of its listeners there, whatever limit is set; emitters do" },
  { on: browsers, what: "example 16-deadlock.ts", why: "a page has no end: nothing tells a deadlock in it" },
  { on: browsers, what: "example 30-bubble.ts", why: "a bubble needs async contexts, which browsers do not have; it says so" },
  { on: ["Node 20", ...nodes, ...others], what: "example 22-redis.ts", why: "it talks to a Redis server; its spec plays one" },
  ...["50-thumbnails", "52-calculator", "53-ping-pong", "57-graceful-worker"].map((name): LeftOut => ({
    on: ["Node 20", ...nodes, ...others], what: `example ${name}.ts`, why: "it talks to a nats-server; its spec starts one",
  })),
  {
    on: ["Deno 2.9"], what: "RT-03 and there is the report of who waits, and the code 13",
    why: "Deno ends a top-level await that never resolves with an error of its own, and the code 1, and runs no code of the program before; `void run(main)` reports",
  },
  ...["S-71, GO-02 (a)", "GO-02 (b)", "S-71: main itself"].map((what): LeftOut => ({ on: ["Deno 2.9"], what: `run ${what}`, why: "the same: they wait at top level" })),
  ...["guides/errors/RENDEZVOUS_DEADLOCK.md: When", ...["Stop cleanly on Ctrl-C (SIGINT, SIGTERM, graceful shutdown)", "Read standard input line by line", "Exit when nothing can go on (deadlock)"]
    .map((heading) => `recipes/processes.md: ${heading}`)].map((block): LeftOut => ({ on: ["Deno 2.9"], what: `block docs/${block}`, why: "it starts a program by the options of Node" })),
  { on: ["Deno 2.9"], what: "block docs/recipes/events.md: Talk through a MessagePort", why: "Deno does not tell a port that the other one was closed" },
  { on: ["Deno 2.9"], what: "example 16-deadlock.ts", why: "the same" },
  { on: ["Deno 2.9"], what: "law 12, nothing silent law 12: a program in which everybody waits for ever", why: "the same" },
  ...[
    ...["Messages: the top level waits", "Messages: while run runs", "without debug mode"].map((title) => `a deadlock of the top level ${title}`),
    "a forgotten open scope FA-12 the deadlock report of a program",
  ].map((what): LeftOut => ({ on: ["Deno 2.9"], what, why: "the same" })),
  { on: ["Bun 1.4"], what: "a deadlock of the top level without debug mode", why: "a top-level await that never resolves keeps Bun for ever, where nothing of the library looks: without `run`, without debug mode" },
  ...["a wait that holds", "the same of"].map((title): LeftOut => ({ on: others, what: `a deadlock with a signal FA-05 ${title}`, why: "FA-05 is of Node: here `AbortSignal.timeout` keeps the process while a top-level await waits, and fires" })),
  { on: ["Deno 2.9"], what: "dial N-14 (a)", why: "a `net.Socket` of Deno that is destroyed a tick after its connect has asked the kernel for nothing yet: no client comes whose end could be seen" },
  { on: ["Bun 1.4"], what: "bubble arms nothing for a limit of Infinity, and clears its timer at the end", why: "it counts timers by process.getActiveResourcesInfo(), which names none on Bun" },
  { on: ["Bun 1.4"], what: "dial N-10", why: "RT-08: a `net.Socket` of Bun tells every connect that fails as ECONNREFUSED, also one to 255.255.255.255, which is ENETUNREACH on Node: the error lists each attempt, but its codes are alike" },
  {
    on: ["Bun 1.4"], what: "listen N-80 (c)",
    why: "RT-08: out of file descriptors, a `net.Server` of Bun leaves clients to wait in the kernel, and serves them when it has descriptors again; Node accepts and closes them",
  },
  ...["listen N-80 out of file descriptors", "listen N-80 (c)"].map((what): LeftOut => ({
    on: ["Deno 2.9"], what,
    why: "out of file descriptors Deno panics (ext/signals, `Deno.listen` alike); where it does not, a server of `node:net` tells no error, and never accepts again",
  })),
  { on: ["Deno 2.9"], what: "listen N-81 (d) a certificate that is none", why: "RT-08: `tls.createServer` looks at no certificate there before a client comes" },
  ...[
    "N-78 connections over TCP sending and receiving N-19 (a)",
    "N-78 connections over Unix sockets sending and receiving N-18 (a)",
    "N-78 connections over Unix sockets sending and receiving N-19 (a)",
    "N-78 connections over TLS sending and receiving N-19 (a)",
    "N-78 connections over TLS over Unix sockets sending and receiving N-18 (a)",
    "N-78 connections over TLS over Unix sockets sending and receiving N-19 (a)",
  ].map((what): LeftOut => ({ on: ["Bun 1.4"], what, why: "RT-08: one read of a `net.Socket` of Bun brings up to 220 kB, where Node brings 64 kB at most: one that is paused in 'data' holds 220,264 bytes over a Unix socket. What is held is bounded by `readBuffer` and one read there as well" })),
  {
    on: ["Bun 1.4"], what: "receiving a socket that is closed before its end",
    why: "after `socket.destroy()` a `net.Socket` of Bun emits 'end' and then 'close', as if the peer had ended; Node emits 'close' alone",
  },
  ...[
    ...["N-18 (a)", "N-19 (a)", "N-24 (a)", "N-83 (c)", "N-42 (f)", "N-82 (c)"].map((id) => `N-78 connections over TLS sending and receiving ${id}`),
    "N-78 connections over TLS ending N-28 (c)",
    "N-78 connections over TLS over Unix sockets sending and receiving N-19 (a)",
    "N-78 connections over TLS over Unix sockets sending and receiving N-82 (c)",
    "connections at random N-90 over TLS", // TLS over Unix sockets too: its readers are slower than their peers; with a `readBuffer` that never pauses, both pass
    ...["", " over Unix sockets"].map((below) => `N-78 connections over TLS${below} sends of several parts go out as one send`), // 200 kB: more than `readBuffer`
  ].map((what): LeftOut => ({
    on: ["Deno 2.9"], what,
    why: "RT-06: a TLS socket that is paused goes on reading there, without bound, so that its peer's writes never wait; read again, it gives all bytes and neither 'end' nor 'close'; `node:tls` alone alike: spec/runtimes/paused-tls.js",
  })),
  ...[
    "TLS a reset in the middle of a line",
    "protocols startTls NF-09 a reset of a connection with TLS started",
    ...["reset", "close with an error", "destroy with a reason"].map((how) => `N-78 connections over TLS failures NF-09 ${how}:`),
  ].map((what): LeftOut => ({
    on: ["Deno 2.9"], what,
    why: "RT-06: a `node:tls` socket there emits 'end' and 'close' for a reset of the TCP below, although a proxy between the two gets ECONNRESET, and so does the peer over plain TCP",
  })),
  { on: ["Deno 2.9"], what: "listening and keeping alive ipv6Only leaves IPv4 clients out", why: "RT-08: a `net.Server` of Deno ignores `ipv6Only`: with it, one that listens on \"::\" serves clients of 127.0.0.1" },
  {
    on: ["Bun 1.4"], what: "no listener and no warning, the last thousand neither",
    why: "Bun now and then keeps what was awaited last, also of plain promises and `Promise.all`: it looks for references on the stack as it finds it",
  },
  {
    on: ["Bun 1.4"], what: "resources RS-04 a value is let go of",
    why: "Bun keeps the last value that went through a plain promise, `await Promise.resolve(make()).then(() => undefined)`, as well; RS-04 (b) runs there: of several values one is kept",
  },
  { on: ["Deno 2.9"], what: "FL-147 a process that has cancelled the lines of its input ends", why: "a destroyed `process.stdin` keeps the process there until its input ends, without the library, too" },
  { on: ["Deno 2.9"], what: "go GO-01 (a) and the process emits 'exit'", why: "Deno ends at an unhandled rejection, and at any uncaught error, without the event 'exit'" },
];

interface Out {
  /** Files of specs. */
  files: ReadonlySet<string>;
  /** Pieces of titles of specs. */
  titles: readonly string[];
  examples: readonly string[];
}

/** What is left out on a runtime. */
export function leftOut(runtime: string): Out {
  const here = all.filter(({ on }) => on.includes(runtime)).map(({ what }) => what);
  const examples = here.filter((what) => what.startsWith("example "));
  return { files: new Set(here.filter((what) => what.endsWith(".spec.ts"))), titles: here.filter((what) => !what.endsWith(".ts")), examples };
}

/** Why an example or a program is not run on a runtime; nothing, if it is. */
export function whyNot(runtime: string, what: string): string | undefined {
  return all.find((one) => one.what === what && one.on.includes(runtime))?.why;
}
