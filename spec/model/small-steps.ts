/**
 * A model of channels that is as plain as can be: states, and the states that can come next. It knows no promises, no generators and no
 * operations, so that all ends of a small program can be found by trying every step of every state.
 *
 * 1. A task does everything that needs no waiting, and begins to wait, in one step; a woken task goes on in a step of its own.
 * 2. A handover takes both out of every line they are in. Nobody meets himself.
 */

/** What a task may do. Waits are given up when the task's own signal has aborted, if they are `abortable`. */
export type Action =
  | { kind: "wait"; cases: readonly Case[]; abortable: boolean }
  | { kind: "close" | "cancel"; channel: number }
  | { kind: "abort"; whom: number };

/** One of what a task waits for: a select has several. */
export interface Case {
  readonly channel: number;
  /** What is sent; nothing: it receives. */
  readonly value: number | undefined;
}

export interface SmallProgram {
  readonly capacities: readonly number[];
  readonly tasks: readonly (readonly Action[])[];
}

interface Waiting {
  task: number;
  /** Which of the cases of its select. */
  at: number;
  value: number | undefined;
}

interface ChannelState {
  capacity: number;
  buffer: number[];
  end: "" | "close" | "cancel";
  senders: Waiting[];
  receivers: Waiting[];
}

interface State {
  channels: ChannelState[];
  tasks: { next: number; waits: boolean; said: string[] }[];
  aborted: boolean[];
}

/** The state of every task: the results of its waits, and whether it still waits; and the state of every buffer. */
export function endOf(said: readonly (readonly string[])[], waits: readonly boolean[], buffers: readonly number[]): string {
  const tasks = said.map((words, task) => [...words, ...(waits[task] ? ["waits"] : [])].join(" "));
  return `${tasks.join("; ")} | ${buffers.join()}`;
}

/** The words for what a wait came to. */
export const words = {
  sent: (at: number): string => `${at}:sent`,
  got: (at: number, value: number): string => `${at}:got${value}`,
  ended: "ended",
  aborted: "aborted",
} as const;

/** Every end that a program can come to. */
export function endsOf(program: SmallProgram): Set<string> {
  const ends = new Set<string>();
  const seen = new Set<string>();
  const first: State = {
    channels: program.capacities.map((capacity) => ({ capacity, buffer: [], end: "", senders: [], receivers: [] })),
    tasks: program.tasks.map(() => ({ next: 0, waits: false, said: [] })),
    aborted: program.tasks.map(() => false),
  };
  for (let states = [first], state = states.pop(); state; state = states.pop()) {
    const key = JSON.stringify(state);
    if (seen.has(key)) continue;
    seen.add(key);
    const following = program.tasks.flatMap((_, task) => steps(program, state as State, task));
    if (following.length > 0) states.push(...following);
    else {
      const { tasks, channels } = state;
      ends.add(endOf(tasks.map(({ said }) => said), tasks.map(({ waits }) => waits), channels.map(({ buffer }) => buffer.length)));
    }
  }
  return ends;
}

/** Much faster than structuredClone. */
const copyOf = (state: State): State => JSON.parse(JSON.stringify(state)) as State;

/** The states that a step of a task can lead to: several, where a select has several ready cases. */
function steps(program: SmallProgram, before: State, task: number): State[] {
  const actions = program.tasks[task] ?? [];
  if (before.tasks[task]?.waits !== false || before.tasks[task].next >= actions.length) return [];
  const state = copyOf(before);
  const own = state.tasks[task] as State["tasks"][number];
  for (let action = actions[own.next]; action; action = actions[own.next]) {
    own.next++;
    if (action.kind === "wait") return waiting(state, task, action);
    if (action.kind === "abort") abort(program, state, action.whom);
    else end(state, action.channel, action.kind);
  }
  return [state];
}

function waiting(state: State, task: number, { cases, abortable }: Action & { kind: "wait" }): State[] {
  if (abortable && state.aborted[task] === true) {
    say(state, task, words.aborted);
    return [state];
  }
  const happened = cases.flatMap(({ channel, value }, at) => {
    const next = copyOf(state);
    return happens(next, channel, { task, at, value }) ? [next] : [];
  });
  if (happened.length > 0) return happened;
  for (const [at, { channel, value }] of cases.entries()) lineOf(state, channel, value).push({ task, at, value });
  (state.tasks[task] as { waits: boolean }).waits = true;
  return [state];
}

function lineOf(state: State, channel: number, value: number | undefined): Waiting[] {
  const { senders, receivers } = state.channels[channel] as ChannelState;
  return value === undefined ? receivers : senders;
}

/** Whether a case can happen now; if so, it has. */
function happens(state: State, channel: number, { task, at, value }: Waiting): boolean {
  const ch = state.channels[channel] as ChannelState;
  if (value === undefined) {
    const [sender] = ch.senders;
    if (ch.buffer.length === 0 && !sender) {
      if (ch.end === "") return false;
      say(state, task, words.ended);
      return true;
    }
    if (sender) {
      ch.buffer.push(sender.value as number);
      wake(state, sender.task, words.sent(sender.at));
    }
    say(state, task, words.got(at, ch.buffer.shift() as number));
    return true;
  }
  const [receiver] = ch.receivers;
  if (ch.end !== "") say(state, task, words.ended);
  else if (receiver) {
    wake(state, receiver.task, words.got(receiver.at, value));
    say(state, task, words.sent(at));
  } else if (ch.buffer.length < ch.capacity) {
    ch.buffer.push(value);
    say(state, task, words.sent(at));
  } else return false;
  return true;
}

/** A close leaves waiting senders and buffered values to later receivers; a cancel leaves nothing. */
function end(state: State, channel: number, how: "close" | "cancel"): void {
  const ch = state.channels[channel] as ChannelState;
  if (ch.end === "cancel" || (ch.end === "close" && how === "close")) return;
  ch.end = how;
  if (how === "cancel") {
    ch.buffer = [];
    for (let [one] = ch.senders; one; [one] = ch.senders) wake(state, one.task, words.ended);
  }
  if (ch.senders.length > 0) return;
  for (let [one] = ch.receivers; one; [one] = ch.receivers) wake(state, one.task, words.ended);
}

function abort(program: SmallProgram, state: State, whom: number): void {
  state.aborted[whom] = true;
  const { waits, next } = state.tasks[whom] as State["tasks"][number];
  const action = program.tasks[whom]?.[next - 1];
  if (waits && action?.kind === "wait" && action.abortable) wake(state, whom, words.aborted);
}

function say(state: State, task: number, what: string): void {
  state.tasks[task]?.said.push(what);
}

/** A task's wait has happened: the task leaves every line. */
function wake(state: State, task: number, what: string): void {
  for (const ch of state.channels) {
    ch.senders = ch.senders.filter((one) => one.task !== task);
    ch.receivers = ch.receivers.filter((one) => one.task !== task);
  }
  (state.tasks[task] as { waits: boolean }).waits = false;
  say(state, task, what);
}
