/** Flows and synchronisation: what is given wrongly fails at the call, with an error that says how to write it. */
import { expect } from "chai";
import { chan, openScope, sleep, trySelect, type Scope } from "../../../src/node.ts";
import { broadcast, events, flow, hear, lines, merge, produce, toReadable, toWritable } from "../../../src/flow/index.ts";
import { byPriority, cell, pool, rateLimiter, retry, semaphore, singleflight } from "../../../src/sync/index.ts";

/** A mistake, the class of its error, and what that has to say: the verb, and the cure. */
type Mistake = readonly [what: string, call: (s: Scope) => unknown, kind: typeof TypeError, says: RegExp];

/** What is passed for anything, as from JavaScript. */
const any = (given: unknown): never => given as never;
const numbers = (): ReturnType<typeof flow<number>> => flow([1, 2, 3]);
const scopeFirst = (verb: string, call: string): RegExp => new RegExp(`^${verb} takes a scope first, as scope\\(\\(s\\) => ${call}`);
const asyncGenerator = any(async function* () { yield await Promise.resolve(1); });

const mistakes: readonly Mistake[] = [
  // stages without their scope
  ["parallel(3, f)", () => numbers().parallel(any(3), any((n: number) => n), any(undefined)), TypeError, scopeFirst("parallel", "flow\\.parallel\\(s, 8, .*got 3$")],
  ["parallel(f)", () => numbers().parallel(any((n: number) => n), any(undefined), any(undefined)), TypeError, scopeFirst("parallel", "flow\\.parallel\\(s, 8, ")],
  ["latest(f)", () => numbers().latest(any((n: number) => n), any(undefined)), TypeError, scopeFirst("latest", "flow\\.latest\\(s, \\(value\\)")],
  ["buffer(16)", () => numbers().buffer(any(16), any(undefined)), TypeError, scopeFirst("buffer", "flow\\.buffer\\(s, 16\\).*got 16$")],
  ["produce(f)", () => produce(any(async () => sleep(0)), any(undefined)), TypeError, scopeFirst("produce", "produce\\(s, async \\(out\\)")],
  ["parallel(signal, ...)", () => numbers().parallel(any(new AbortController().signal), 3, (n) => n), TypeError, scopeFirst("parallel", "")],
  // stages
  ["parallel(s, f)", (s) => numbers().parallel(s, any((n: number) => n), any(undefined)), RangeError, /limit of parallel is a whole number from 1 up, or Infinity; got a function/],
  ["parallel(s, 0, f)", (s) => numbers().parallel(s, 0, (n) => n), RangeError, /limit of parallel .* from 1 up.*got 0$/],
  ["parallel(s, 3)", (s) => numbers().parallel(s, 3, any(undefined)), TypeError, /parallel takes .*flow\.parallel\(s, 8, \(value\) => work\(value\)\)/],
  ["parallel(s, 3, async generator)", (s) => numbers().parallel(s, 3, asyncGenerator), TypeError, /parallel/],
  ["parallel ordered: 1", (s) => numbers().parallel(s, 3, (n) => n, { ordered: any(1) }), TypeError, /ordered of parallel is true or false; got 1$/],
  ["latest(s)", (s) => numbers().latest(s, any(undefined)), TypeError, /latest takes .*flow\.latest\(s, \(value\) => work\(value\)\)/],
  ["buffer(s, -1)", (s) => numbers().buffer(s, -1), RangeError, /capacity/],
  ["buffer(s, { size })", (s) => numbers().buffer(s, any({ size: 1 })), TypeError, /no option "size"; it has .*capacity/],
  ["produce(s, 5)", (s) => produce(s, any(5)), TypeError, /produce takes .*produce\(s, async \(out\) => /],
  // views
  ["map()", () => numbers().map(any(undefined)), TypeError, /map takes a function, as flow\.map\(\(value\) => value \* 2\)/],
  ["filter(true)", () => numbers().filter(any(true)), TypeError, /filter takes a function, as flow\.filter/],
  ["flatMap()", () => numbers().flatMap(any(undefined)), TypeError, /flatMap takes a function, as flow\.flatMap/],
  ["takeWhile(3)", () => numbers().takeWhile(any(3)), TypeError, /takeWhile takes a function, as flow\.takeWhile/],
  ...[-1, 1.5, NaN, "2"].flatMap((n): Mistake[] => [
    [`take(${String(n)})`, () => numbers().take(any(n)), RangeError, /take is a whole number from 0 up, or Infinity/],
    [`drop(${String(n)})`, () => numbers().drop(any(n)), RangeError, /drop is a whole number from 0 up, or Infinity/],
    [`chunks(${String(n)})`, () => numbers().chunks(any(n)), RangeError, /chunks is a whole number from 1 up, or Infinity/],
    [`lines maxLine: ${String(n)}`, () => lines(["a"], { maxLine: any(n) }), RangeError, /maxLine of lines is a whole number from 1 up, or Infinity/],
    [`broadcast replay: ${String(n)}`, () => broadcast({ replay: any(n) }), RangeError, /replay of broadcast is a whole number from 0 up, or Infinity/],
    [`semaphore(${String(n)})`, () => semaphore(any(n)), RangeError, /capacity of a semaphore is a whole number from 1 up, or Infinity/],
    [`resize(${String(n)})`, () => { semaphore(1).resize(any(n)); }, RangeError, /capacity of a semaphore is a whole number/],
    [`acquiring(${String(n)})`, () => semaphore(3).acquiring(any(n)), RangeError, /acquire of semaphore .* takes a whole number of permits, from 1 to 3/],
    [`tryAcquire(${String(n)})`, () => semaphore(3).tryAcquire(any(n)), RangeError, /acquire of semaphore .* takes a whole number of permits/],
    [`taking(${String(n)})`, () => rateLimiter({ limit: 1, per: 1 }).taking(any(n)), RangeError, /take of rate limiter .* takes a whole number of permits/],
    [`pool max: ${String(n)}`, () => pool({ create: () => 1, max: any(n) }), RangeError, /max of pool is a whole number from 1 up/],
    [`burst: ${String(n)}`, () => rateLimiter({ limit: 1, per: 1, burst: any(n) }), RangeError, /burst of a rate limiter is a whole number/],
  ]),
  ["chunks within: NaN", () => numbers().chunks(1, { within: NaN }), RangeError, /within of chunks/],
  ["debounce(NaN)", () => numbers().debounce(NaN), RangeError, /debounce/],
  ["throttle(10)", () => numbers().throttle(any(10)), TypeError, /throttle takes a rate limiter, as rateLimiter\(\{ limit: 10, per: 1000 \}\); got 10/],
  ["until(promise)", () => numbers().until(any(Promise.resolve())), TypeError, /until .*settling/],
  // sources
  ["flow(promise)", () => flow(any(Promise.resolve())), TypeError, /flow .*await source/],
  ["flow(response)", () => flow(any(new Response("text"))), TypeError, /write flow\(response\.body\); got a Response/],
  ["flow(blob)", () => flow(any(new Blob(["text"]))), TypeError, /write flow\(blob\.stream\(\)\); got a Blob/],
  ["flow('text')", () => flow(any("text")), TypeError, /flow .*flow\(\[\.\.\.text\]\)/],
  ["flow preventCancel: 1", () => flow([1], { preventCancel: any(1) }), TypeError, /preventCancel of flow is true or false; got 1/],
  ["flow onDrop: 1", () => flow([1], { onDrop: any(1) }), TypeError, /onDrop of flow takes a function, as \(value\) => value\.close\(\); got 1/],
  ["flow name: 1", () => flow([1], { name: any(1) }), TypeError, /name of a flow is a string; got 1/],
  ["flow capacity", () => flow([1], any({ capacity: 1 })), TypeError, /flow has no option "capacity"; it has preventCancel, onDrop, name/],
  ["merge(a, b)", () => merge(any(chan()), any(chan())), TypeError, /merge takes a list of sources, as merge\(\[a, b\]\)/],
  ["merge(a, b) of flows", () => merge(any(numbers()), any(numbers())), TypeError, /merge takes a list of sources, as merge\(\[a, b\]\)/],
  ["merge order", () => merge([], { order: any("first") }), TypeError, /merge takes the order "random" or "listed"/],
  ["broadcast name", () => broadcast({ name: any(1) }), TypeError, /name of a broadcast is a string; got 1/],
  ["subscribe(-1)", () => broadcast().subscribe(-1), RangeError, /capacity/],
  ["toReadable([])", () => toReadable(any([])), TypeError, /toReadable\(flow\(values\)\)/],
  ["toWritable(5)", () => toWritable(any(5)), TypeError, /toWritable takes a sender, as chan\(\)/],
  ["merge(['x', 'y'])", () => merge(["x", "y"]), TypeError, /^each source of merge takes what can be pulled .*lines\(\[text\]\) for its lines; got "x"$/],
  ["merge([1])", () => merge(any([1])), TypeError, /^each source of merge .*got 1$/],
  ["lines('text')", () => lines("a\nb"), TypeError, /^lines takes what can be pulled .*lines\(\[text\]\) for its lines/],
  ["flow(cell)", () => flow(any(cell(1))), TypeError, /write cell\.changes\(\); got Cell/],
  ["flow(semaphore)", () => flow(any(semaphore(1))), TypeError, /it is none of these; got Semaphore/],
  ["chunks({ size: 3 })", () => numbers().chunks(any({ size: 3 })), RangeError, /got an object; write flow\.chunks\(3, \{ within: 100 \}\)$/],
  ["parallel(s, f), with the right call", (s) => numbers().parallel(s, any((n: number) => n), any(undefined)), RangeError, /write flow\.parallel\(s, 8, f\)$/],
  ["subscribe(f)", () => broadcast().subscribe(any(() => 1)), TypeError, /subscribe takes .* for await \(const value of topic\.subscribe\(\)\); got a function/],
  ["events(name, emitter)", () => events(any("click"), any(new EventTarget())), TypeError, /events takes the target first, as events\(emitter, "data"\); got "click"/],
  // synchronisation
  ["semaphore({ permits: 3 })", () => semaphore(any({ permits: 3 })), RangeError, /from 1 up, or Infinity; got an object; write semaphore\(3\)$/],
  ["semaphore()", () => semaphore(any(undefined)), RangeError, /got undefined; write semaphore\(3\)$/],
  ["resize({})", () => { semaphore(1).resize(any({})); }, RangeError, /write lock\.resize\(3\)$/],
  ["rateLimiter(10, 1000)", () => rateLimiter(any(10)), TypeError, /rateLimiter takes its options as an object; got 10; write \{ limit, per, burst, name \}$/],
  ["pool(f, 3)", () => pool(any(() => 1)), TypeError, /pool takes its options as an object; got a function; write \{ create, destroy, max, /],
  ["a buffer without a capacity", () => chan<number>({ buffer: byPriority<number>((a, b) => a - b) }), TypeError, /the capacity beside a buffer of a channel cannot be undefined; write \{ capacity: 100, buffer \}$/],
  ["an array for a buffer", () => chan<number>({ capacity: 1, buffer: any([]) }), TypeError, /buffer of a channel cannot be an empty array; write \{ capacity: 100, buffer: byPriority\(compare\) \}/],
  ["select of a semaphore", () => trySelect({ lock: any(semaphore(1)) }), TypeError, /as lock\.acquiring\(\); got Semaphore/],
  ["select of a limiter", () => trySelect({ limit: any(rateLimiter({ limit: 1, per: 1 })) }), TypeError, /as limiter\.taking\(\); got RateLimiter/],
  ["select of a cell", () => trySelect({ cell: any(cell(1)) }), TypeError, /as cell\.waiting\(test\); got Cell/],
  ["semaphore name", () => semaphore(1, { name: any(1) }), TypeError, /name of a semaphore is a string/],
  ["acquire({ signal }) in place of its number", () => semaphore(1).acquiring(any({})), RangeError, /write acquire\(1, \{ signal \}\)/],
  ["limit: 0", () => rateLimiter({ limit: 0, per: 1 }), RangeError, /limit of a rate limiter is a finite number of permits above 0/],
  ["per: Infinity", () => rateLimiter({ limit: 1, per: Infinity }), RangeError, /per of a rate limiter is a finite number of milliseconds/],
  ["take(2) of a burst of 1", () => rateLimiter({ limit: 1, per: 1 }).taking(2), RangeError, /from 1 to 1; got 2/],
  ["acquire(2) of 1", () => semaphore(1).acquiring(2), RangeError, /from 1 to 1; got 2/],
  ["cell equals", () => cell(1, { equals: any(1) }), TypeError, /equals/],
  ["cell waiting(5)", () => cell(1).waiting(any(5)), TypeError, /wait/],
  ["singleflight()", () => singleflight(any(5)), TypeError, /singleflight\(\(key\) => work\(key\)\)/],
  ["singleflight keep: -1", () => singleflight((key: string) => key, { keep: -1 }), RangeError, /keep of singleflight/],
  ["singleflight keep: NaN", () => singleflight((key: string) => key, { keep: NaN }), RangeError, /keep of singleflight/],
  ["pool create", () => pool({ create: any(5), max: 1 }), TypeError, /create of pool takes a function/],
  ["pool idle: NaN", () => pool({ create: () => 1, max: 1, idle: NaN }), RangeError, /idle of pool/],
  ["byPriority()", () => byPriority(any(undefined)), TypeError, /byPriority takes a function/],
  ["a buffer of its own and an overflow", () => chan<number>({ capacity: 1, overflow: "drop-oldest", buffer: byPriority<number>((a, b) => a - b) }), TypeError, /buffer/],
];

/** What a verb rejects with. */
const rejected: readonly Mistake[] = [
  ["forEach()", () => numbers().forEach(any(undefined)), TypeError, /forEach takes .*flow\.forEach\(\(value\) => work\(value\)\)/],
  ["forEach limit: 0", () => numbers().forEach((n) => n, { limit: 0 }), RangeError, /limit of forEach is a whole number from 1 up/],
  ["forEach(f, 3)", () => numbers().forEach((n) => n, any(3)), TypeError, /forEach takes its options as an object; got 3/],
  ["forEach(f, signal)", () => numbers().forEach((n) => n, any(new AbortController().signal)), TypeError, /forEach takes a signal by its name, as \{ signal \}/],
  ["hear(target, name, signal)", () => hear(new EventTarget(), "x", any(new AbortController().signal)), TypeError, /^a wait for event "x" takes a signal by its name, as \{ signal \}/],
  ["cell.wait(test, signal)", () => cell(1, { name: "c" }).wait(() => true, any(new AbortController().signal)), TypeError, /^a wait for cell "c" takes a signal by its name/],
  ["singleflight.run(key, signal)", () => singleflight(function load(key: string) { return key; }).run("a", any(new AbortController().signal)), TypeError, /^a wait for load\("a"\) takes a signal by its name/],
  ["into([])", () => numbers().into(any([])), TypeError, /into takes a sender, as chan\(\)/],
  ["into preventClose: 1", () => numbers().into(chan(), { preventClose: any(1) }), TypeError, /preventClose of into is true or false/],
  ["toArray(signal)", () => numbers().toArray(any(new AbortController().signal)), TypeError, /toArray takes a signal by its name/],
  ["reduce()", () => numbers().reduce(any(undefined)), TypeError, /reduce takes .*flow\.reduce\(\(sum, value\) => sum \+ value\)/],
  ["reduce of nothing", () => flow<number>([]).reduce((a, b) => a + b), TypeError, /reduce of a flow without a value takes an initial one, as flow\.reduce\(f, 0\)/],
  ["some()", () => numbers().some(any(5)), TypeError, /some takes .*flow\.some/],
  ["every()", () => numbers().every(any(5)), TypeError, /every takes .*flow\.every/],
  ["find()", () => numbers().find(any(5)), TypeError, /find takes .*flow\.find/],
  ["an async function of map", () => numbers().map(async (n) => Promise.resolve(n)).receive(), TypeError, /map gave a promise.*flow\.parallel\(s, limit, f\)/],
  ["flatMap without an iterable", () => numbers().flatMap(any((n: number) => n)).receive(), TypeError, /flatMap gives an iterable, as \(value\) => \[value\]; got 1/],
  ["lines of numbers", () => lines(any([5])).receive(), TypeError, /lines takes a source of Uint8Array or strings; got 5/],
  ["acquire(2) of 1", () => semaphore(1).acquire(2), RangeError, /from 1 to 1; got 2/],
  ["retry times: 0", () => retry(() => 1, { times: 0 }), RangeError, /times of retry is a whole number from 1 up, or Infinity; got 0/],
  ["retry delay: -1", () => retry(() => 1, { delay: -1 }), RangeError, /delay of retry/],
  ["retry factor: NaN", () => retry(() => 1, { factor: NaN }), RangeError, /factor of retry/],
  ["retry max: -1", () => retry(() => 1, { max: -1 }), RangeError, /max of retry/],
  ["retry jitter: 1", () => retry(() => 1, { jitter: any(1) }), TypeError, /jitter of retry is true or false; got 1/],
  ["retry()", () => retry(any(5)), TypeError, /retry/],
  ["pool use()", () => pool({ create: () => 1, max: 1 }).use(any(5)), TypeError, /use/],
  ["run()", () => semaphore(1).run(any(5)), TypeError, /run/],
];

describe("flows and synchronisation: mistakes", () => {
  const s = openScope();
  after(async () => { await s.join(); });

  for (const [what, call, kind, says] of mistakes) {
    it(`${what} is a ${kind.name} at the call, with the cure`, () => {
      expect(() => call(s)).to.throw(kind, says);
    });
  }

  for (const [what, call, kind, says] of rejected) {
    it(`${what} rejects with a ${kind.name}, with the cure`, async () => {
      const error = await (call(s) as Promise<unknown>).then(() => undefined, (reason: unknown) => reason);
      expect(error).to.be.instanceOf(kind).with.property("message").match(says);
    });
  }
});
