/**
 * Breaks each of the laws 1 to 10, and 13, in a copy of the source, by a change of one line, and sees the explored specs of that law find it.
 * Run it with `npx tsx scripts/break-laws.ts`, or with numbers of laws; it takes some minutes. A break that is not found is a failure.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Break {
  law: number;
  /** What is wrong then. */
  fault: string;
  file: string;
  /** Has to be there exactly once. */
  from: string;
  to: string;
}

const channel = "core/channel.ts";
const breaks: Break[] = [
  {
    law: 1, fault: "an unbuffered channel has a slot", file: channel,
    from: "(this.capacity > 0 || this.#options !== undefined) && this.#keep(value)",
    to: "(this.#buffer ??= new Queue()).size <= this.capacity && (this.#buffer.push(value), true)",
  },
  {
    law: 1, fault: "a send does not wait (async functions)", file: channel,
    from: "return this.give(value) ? done()", to: "return this.give(value) || true ? done()",
  },
  {
    law: 2, fault: "what was handed over is buffered, too", file: channel,
    from: "receiver.resume(\"value\", wanted);", to: "receiver.resume(\"value\", wanted); (this.#buffer ??= new Queue()).push(value);",
  },
  {
    law: 2, fault: "the value of a sender who fills up the buffer is lost", file: channel,
    from: "if (sender !== undefined) buffer.push(this.#accept(sender));", to: "if (sender !== undefined) this.#accept(sender);",
  },
  {
    law: 2, fault: "a cancel fulfils the sends in line", file: channel,
    from: "sender.resume(\"error\", this.#closed(\"send\", sender.key));", to: "sender.resume(\"value\", undefined);",
  },
  {
    law: 3, fault: "room goes to whoever comes next, not to the sender in line", file: channel,
    from: "if (sender !== undefined) buffer.push(this.#accept(sender));", to: "",
  },
  {
    law: 3, fault: "the last sender in line comes first", file: channel,
    from: "const sender = this.senders.first;\n    let value: T;", to: "let value: T; let sender = this.senders.first; while (sender?.next) sender = sender.next;",
  },
  {
    law: 3, fault: "who leaves takes those behind along", file: "core/wait-queue.ts",
    from: "if (previous !== undefined) previous.next = next;", to: "if (previous !== undefined) previous.next = undefined;",
  },
  {
    law: 4, fault: "a case that has happened leaves the others to happen, too", file: "core/choice.ts",
    from: "choice.withdraw(outside);", to: "",
  },
  {
    law: 4, fault: "an abort that comes before the wait is not seen", file: "core/perform.ts",
    from: "if (aborted(signal)) return rejectedNow(signal?.reason);\n    const cancelled", to: "const cancelled",
  },
  {
    law: 5, fault: "a withdrawn select stays in its first line", file: "core/choice.ts",
    from: "for (const waiter of waiters) withdraw(waiter);", to: "for (const waiter of waiters.slice(1)) withdraw(waiter);",
  },
  { law: 5, fault: "a withdrawn sleep keeps its timer", file: "time/sleep.ts", from: "    disarm();", to: "" },
  { law: 5, fault: "a signal that nobody waits for keeps its listener", file: "core/aborting.ts", from: "if (!this.empty) return;", to: "return;" },
  { law: 5, fault: "the iterator of a loop that has ended stays in its line", file: "core/iteration.ts", from: "    this.leave();", to: "" },
  {
    law: 5, fault: "what it waited for gives the end, and stays in line", file: channel,
    from: "withdraw(receiver);\n      receiver.resume(\"value\", theEnd());", to: "receiver.resume(\"value\", theEnd());",
  },
  {
    law: 6, fault: "the first of the ready cases always wins", file: "core/choice.ts",
    from: "this.#listed ? order.length - left : pick(left, order);", to: "order.length - left;",
  },
  {
    law: 6, fault: "a case is polled twice, and another never", file: "core/choice.ts",
    from: "order[left - 1] = polled;", to: "order[left - 1] = order[0] as Case;",
  },
  {
    law: 6, fault: "a listed select chooses by chance", file: "core/choice.ts",
    from: "this.#listed ? order.length - left : pick(left, order);", to: "pick(left, order);",
  },
  {
    law: 7, fault: "a generator task goes on in the stack of whoever wakes it", file: "task/generator.ts",
    from: "    this.arrived = what;", to: "    this.arrived = what; this.run(); return;",
  },
  {
    law: 8, fault: "nothing is taken for the end of the values", file: channel,
    from: "else if (sender !== undefined) value =", to: "else if (sender?.slot !== undefined) value =",
  },
  {
    law: 8, fault: "null does not happen to a select", file: "core/choice.ts",
    from: "if (value !== nothing) return this.present(polled.key, value);", to: "if (value !== nothing && value !== null) return this.present(polled.key, value);",
  },
  {
    law: 9, fault: "a close drops what is buffered", file: channel,
    from: "this.#end = { error, cancelled: false, reason: undefined };", to: "this.#end = { error, cancelled: false, reason: undefined }; this.#buffer = undefined;",
  },
  {
    law: 9, fault: "a close does not tell the receivers in line", file: channel,
    from: "if (this.senders.empty) this.#endReceivers();", to: "",
  },
  {
    law: 9, fault: "a cancel loses what is buffered, and tells nobody", file: channel,
    from: "const dropped = this.#buffer;", to: "const dropped = undefined as Queue<T> | undefined;",
  },
  {
    law: 10, fault: "what is ready does not count as a wake-up (async functions)", file: "core/perform.ts",
    from: "return spendHere() ? Promise.resolve(value)", to: "return spendHere() || true ? Promise.resolve(value)",
  },
  {
    law: 10, fault: "what fails at once does not count as a wake-up (async functions)", file: "core/perform.ts",
    from: "return spendHere() ? Promise.reject(error)", to: "return spendHere() || true ? Promise.reject(error)",
  },
  {
    law: 10, fault: "what is ready does not count as a wake-up (generator tasks)", file: "core/yielding.ts",
    from: "else if (spendHere()) return finish(value);", to: "else if (spendHere() || true) return finish(value);",
  },
  {
    law: 13, fault: "a cancelled generator task leaves its line, and is not thrown the error", file: "task/generator.ts",
    from: "    withdraw(this);\n    this.resume(\"error\", this.meetCancel());", to: "    withdraw(this);",
  },
  {
    law: 13, fault: "a cancelled generator task is thrown the error once", file: "core/yielding.ts",
    from: "if (task.cancelError !== undefined && (this.traits & OutlastsCancel) === 0) throw task.meetCancel();", to: "",
  },
  {
    law: 13, fault: "a cancel withdraws what a clean-up awaits", file: "task/generator.ts",
    from: " || this.outlastsCancel", to: "",
  },
  {
    law: 13, fault: "what a clean-up awaits is refused in a cancelled task", file: "task/generator.ts",
    from: "if (this.cancelError !== undefined && !this.outlastsCancel) {", to: "if (this.cancelError !== undefined) {",
  },
];

const root = fileURLToPath(new URL("../", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "break-laws-"));
const secondsAtMost = 120;

interface Failure { fullTitle: string; err: { message?: string } }
interface Result { stats: { passes: number }; failures: Failure[] }

/** Run the explored specs of these titles on the copy; `undefined`: they did not come to an end. */
async function explored(titles: string): Promise<Result | undefined> {
  const options = ["--no-config", "--node-option=import=./scripts/typescript.js", "--timeout=20000", "--fail-zero", "--reporter=json", `--grep=${titles}`];
  const child = spawn(process.execPath, [join(root, "node_modules/mocha/bin/mocha.js"), ...options, "spec/laws/explored/*.spec.ts"], {
    cwd: copy,
    stdio: ["ignore", "pipe", "ignore"],
    timeout: secondsAtMost * 1000,
    killSignal: "SIGKILL",
  });
  let output = "";
  child.stdout.on("data", (data: Buffer) => { output += data.toString(); });
  await new Promise((resolve) => { child.on("close", resolve); });
  const start = output.indexOf("{");
  return start < 0 ? undefined : (JSON.parse(output.slice(start)) as Result);
}

/** The number of schedules until a failure was found, from its message. */
const schedulesOf = ({ err: { message = "" } }: Failure): number =>
  Number(/ in run (\d+) /.exec(message)?.[1] ?? /after (\d+) schedules/.exec(message)?.[1] ?? NaN);

const wanted = process.argv.slice(2).map(Number);
let missed = 0;
try {
  for (const part of ["src", "spec", "scripts", "package.json", "tsconfig.json", "tsconfig.spec.json"]) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const whole = await explored("law \\d+:");
  if (!whole || whole.failures.length > 0) throw new Error(`unbroken, the specs fail: ${whole?.failures[0]?.fullTitle ?? "no result"}`);
  console.log(`Unbroken: ${String(whole.stats.passes)} explored specs pass.\n`);
  console.log("| law | broken so that | found by | first in schedule | by the spec |\n| ---: | --- | --- | ---: | --- |");
  for (const { law, fault, file, from, to } of breaks) {
    if (wanted.length > 0 && !wanted.includes(law)) continue;
    const path = join(copy, "src", file);
    const source = readFileSync(path, "utf8");
    const times = source.split(from).length - 1;
    if (times !== 1) throw new Error(`law ${String(law)}: src/${file} has ${String(times)} times: ${from}`);
    writeFileSync(path, source.replace(from, () => to));
    const result = await explored(`law ${String(law)}:`);
    writeFileSync(path, source);
    const failures = result?.failures ?? [];
    const [first] = failures.toSorted((one, other) => (schedulesOf(one) || Infinity) - (schedulesOf(other) || Infinity));
    if (!first) missed++;
    const by = result ? `${String(failures.length)} of ${String(failures.length + result.stats.passes)}` : "no end";
    const title = first?.fullTitle.replace(/^.*\((\w+)\) law \d+: (.*)$/, "$2 ($1)");
    console.log(`| ${String(law)} | ${fault} | ${first ? by : "NOT FOUND"} | ${first ? String(schedulesOf(first)) : ""} | ${title ?? ""} |`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(missed > 0 ? `\n${String(missed)} NOT FOUND` : "\nEvery one was found.");
process.exitCode = missed > 0 ? 1 : 0;
