/**
 * One line of the source for each way in which a law can be broken, and what stands there when it is: `break-laws.ts` shows that the explored
 * specs of the law find each of them. A spec checks that every line is still there.
 */
export interface Break {
  law: number;
  /** What is wrong then. */
  fault: string;
  file: string;
  /** Has to be there exactly once. */
  from: string;
  to: string;
}

const channel = "channel/channel.ts";
export const breaks: readonly Break[] = [
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
    from: "buffer.push(sender.slot as T);", to: "",
  },
  {
    law: 2, fault: "a cancel fulfils the sends in line", file: channel,
    from: "sender.resume(\"error\", closedError(end, this, \"send\", sender.key));", to: "sender.resume(\"value\", undefined);",
  },
  {
    law: 3, fault: "room goes to whoever comes next, not to the sender in line", file: channel,
    from: "for (let sender = this.senders.first; sender !== undefined; sender = this.senders.first) {\n      try {", to: "for (const sender of [] as Waiter[]) {\n      try {",
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
    law: 4, fault: "a case that has happened leaves the others to happen, too", file: "core/inner-waiter.ts",
    from: "around.withdraw(outside);", to: "",
  },
  {
    law: 4, fault: "an abort that comes before the wait is not seen", file: "core/perform.ts",
    from: "if (aborted(signal)) return rejectedNow(signal?.reason);\n    const cancelled", to: "const cancelled",
  },
  {
    law: 5, fault: "a withdrawn select stays in its first line", file: "core/choice.ts",
    from: "for (const waiter of waiters) {\n      withdraw(waiter);", to: "for (const waiter of waiters.slice(1)) {\n      withdraw(waiter);",
  },
  { law: 5, fault: "a withdrawn sleep keeps its timer", file: "time/sleep.ts", from: "    disarm();", to: "" },
  { law: 5, fault: "a signal that nobody waits for keeps its listener", file: "core/aborting.ts", from: "if (this.empty) this.#signal.removeEventListener", to: "if (this.length < 0) this.#signal.removeEventListener" },
  { law: 5, fault: "the iterator of a loop that has ended stays in its line", file: "channel/iteration.ts", from: "    this.leave();", to: "" },
  {
    law: 5, fault: "what it waited for gives the end, and stays in line", file: "channel/loop.ts",
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
    from: "if (last !== true || controller !== undefined || !spend()) enqueue(this);", to: "if (last === false) enqueue(this);",
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
    from: "this.#end = { error };", to: "this.#end = { error }; this.#buffer = undefined;",
  },
  {
    law: 9, fault: "a close does not tell the receivers in line", file: channel,
    from: "if (this.senders.empty) this.#endReceivers(this.#end);", to: "",
  },
  {
    law: 9, fault: "a cancel loses what is buffered, and tells nobody", file: channel,
    from: "const dropped = this.#buffer;", to: "const dropped = undefined as Queue<T> | undefined;",
  },
  {
    law: 10, fault: "what is ready does not count as a wake-up (async functions)", file: "core/settled.ts",
    from: "return spendHere() ? Promise.resolve(value)", to: "return spendHere() || true ? Promise.resolve(value)",
  },
  {
    law: 10, fault: "what fails at once does not count as a wake-up (async functions)", file: "core/settled.ts",
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
