/**
 * What a handover between generators costs at the very least: tasks yield only when they have to wait, the run queue is an array,
 * there is no promise and no turn of the event loop. An operation says whether it happened:
 *
 *     if (!send(channel, value)) yield;
 *     let value = receive(channel);
 *     if (value === nothing) value = yield;
 *
 * A select leaves one mark on every channel and takes them away again; a channel has room for the mark of one select.
 */
export const nothing = Symbol("nothing");

class Task {
  constructor(generator, ending) {
    this.generator = generator;
    this.ending = ending;
    this.value = undefined;
    this.next = undefined;
  }
}

let queue = [];
let current;

function resume(task, value) {
  task.value = value;
  queue.push(task);
}

function drain() {
  let batch = [];
  while (queue.length > 0) {
    [batch, queue] = [queue, batch];
    for (let index = 0; index < batch.length; index++) {
      current = batch[index];
      const { value } = current;
      current.value = undefined;
      const step = current.generator.next(value);
      if (step.done && current.ending !== undefined) current.ending(step.value);
    }
    batch.length = 0;
  }
}

class Line {
  constructor() {
    this.first = undefined;
    this.last = undefined;
  }

  join(task) {
    if (this.first === undefined) this.first = task;
    else this.last.next = task;
    this.last = task;
  }

  take() {
    const { first } = this;
    this.first = first.next;
    first.next = undefined;
    return first;
  }
}

class Channel {
  constructor(capacity) {
    this.senders = new Line();
    this.receivers = new Line();
    this.selecting = undefined;
    this.capacity = capacity;
    this.values = capacity === 0 ? undefined : new Array(capacity);
    this.start = 0;
    this.size = 0;
  }

  push(value) {
    this.values[(this.start + this.size++) % this.capacity] = value;
  }

  shift() {
    const value = this.values[this.start];
    this.start = (this.start + 1) % this.capacity;
    this.size--;
    return value;
  }

  get ready() {
    return this.senders.first !== undefined || this.size > 0;
  }
}

function send(channel, value) {
  if (channel.selecting !== undefined) {
    const { task, channels } = channel.selecting;
    for (const marked of channels) marked.selecting = undefined;
    resume(task, value);
    return true;
  }
  if (channel.receivers.first !== undefined) {
    resume(channel.receivers.take(), value);
    return true;
  }
  if (channel.size < channel.capacity) {
    channel.push(value);
    return true;
  }
  current.value = value;
  channel.senders.join(current);
  return false;
}

function take(channel) {
  if (channel.size > 0) {
    const value = channel.shift();
    if (channel.senders.first !== undefined) {
      const sender = channel.senders.take();
      channel.push(sender.value);
      resume(sender, undefined);
    }
    return value;
  }
  const sender = channel.senders.take();
  const { value } = sender;
  resume(sender, undefined);
  return value;
}

function receive(channel) {
  if (channel.ready) return take(channel);
  channel.receivers.join(current);
  return nothing;
}

function start(generator, ending) {
  resume(new Task(generator, ending), undefined);
}

/** @type {import("../interface.mjs").Library} */
export default {
  title: "by hand: trampoline",
  style: "trampoline",
  make: (capacity) => new Channel(capacity),
  send,
  receive,
  value: (received) => received,
  spawn: (body, ...args) => start(body(...args), undefined),
  gather(bodies) {
    const parent = current;
    const results = new Array(bodies.length);
    let left = bodies.length;
    bodies.forEach((body, index) => start(body(), (value) => {
      results[index] = value;
      if (--left === 0) resume(parent, results);
    }));
    return nothing;
  },
  run(body) {
    let result;
    start(body(), (value) => { result = value; });
    drain();
    return result;
  },
  select(channels) {
    const { length } = channels;
    const wait = () => {
      const first = Math.floor(Math.random() * length);
      for (let step = 0; step < length; step++) {
        const channel = channels[(first + step) % length];
        if (channel.ready) return take(channel);
      }
      const selecting = { task: current, channels };
      for (const channel of channels) channel.selecting = selecting;
      return nothing;
    };
    return { wait, value: (value) => value };
  },
};
