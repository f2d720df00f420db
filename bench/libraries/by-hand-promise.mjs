/**
 * What a handover costs in promises at the very least, if every send and every receive is awaited: whoever has to wait leaves its
 * resolve, whoever is ready gets a promise that is resolved already. Nothing can be closed, cancelled, or fail.
 *
 * A select leaves one mark on every channel and takes them away again; a channel has room for the mark of one select.
 */
class Waiting {
  constructor(resolve, value) {
    this.resolve = resolve;
    this.value = value;
    this.next = undefined;
  }
}

class Line {
  constructor() {
    this.first = undefined;
    this.last = undefined;
  }

  join(waiting) {
    if (this.first === undefined) this.first = waiting;
    else this.last.next = waiting;
    this.last = waiting;
  }

  take() {
    const { first } = this;
    this.first = first.next;
    return first;
  }
}

class Buffer {
  constructor(capacity) {
    this.values = new Array(capacity);
    this.start = 0;
    this.size = 0;
  }

  push(value) {
    this.values[(this.start + this.size++) % this.values.length] = value;
  }

  shift() {
    const value = this.values[this.start];
    this.start = (this.start + 1) % this.values.length;
    this.size--;
    return value;
  }
}

const done = Promise.resolve();
let resolveNew;
const capture = (resolve) => { resolveNew = resolve; };

class Channel {
  constructor(capacity) {
    this.senders = new Line();
    this.receivers = new Line();
    this.selecting = undefined;
    this.capacity = capacity;
    this.buffer = capacity === 0 ? undefined : new Buffer(capacity);
  }

  send(value) {
    if (this.selecting !== undefined) {
      this.selecting.happen(value);
      return done;
    }
    if (this.receivers.first !== undefined) {
      this.receivers.take().resolve(value);
      return done;
    }
    if (this.buffer !== undefined && this.buffer.size < this.capacity) {
      this.buffer.push(value);
      return done;
    }
    const promise = new Promise(capture);
    this.senders.join(new Waiting(resolveNew, value));
    return promise;
  }

  get ready() {
    return this.senders.first !== undefined || (this.buffer !== undefined && this.buffer.size > 0);
  }

  take() {
    if (this.buffer !== undefined) {
      const value = this.buffer.shift();
      if (this.senders.first !== undefined) {
        const sender = this.senders.take();
        this.buffer.push(sender.value);
        sender.resolve();
      }
      return value;
    }
    const sender = this.senders.take();
    sender.resolve();
    return sender.value;
  }

  receive() {
    if (this.ready) return Promise.resolve(this.take());
    const promise = new Promise(capture);
    this.receivers.join(new Waiting(resolveNew, undefined));
    return promise;
  }
}

class Selecting {
  constructor(channels, resolve) {
    this.channels = channels;
    this.resolve = resolve;
  }

  happen(value) {
    for (const channel of this.channels) channel.selecting = undefined;
    this.resolve(value);
  }
}

/** @type {import("../interface.mjs").Library} */
export default {
  title: "by hand: promise",
  style: "async",
  make: (capacity) => new Channel(capacity),
  send: (channel, value) => channel.send(value),
  receive: (channel) => channel.receive(),
  value: (received) => received,
  spawn: (body, ...args) => body(...args),
  gather: (bodies) => Promise.all(bodies.map((body) => body())),
  select(channels) {
    const { length } = channels;
    const wait = () => {
      const start = Math.floor(Math.random() * length);
      for (let step = 0; step < length; step++) {
        const channel = channels[(start + step) % length];
        if (channel.ready) return Promise.resolve(channel.take());
      }
      const promise = new Promise(capture);
      const selecting = new Selecting(channels, resolveNew);
      for (const channel of channels) channel.selecting = selecting;
      return promise;
    };
    return { wait, value: (value) => value };
  },
  receiveWithin(channel, ms) {
    if (channel.ready) return Promise.resolve(channel.take());
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      channel.receivers.join(new Waiting((value) => {
        clearTimeout(timer);
        resolve(value);
      }, undefined));
    });
  },
  receiveUnless(channel, signal) {
    if (channel.ready) return Promise.resolve(channel.take());
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort);
      channel.receivers.join(new Waiting((value) => {
        signal.removeEventListener("abort", abort);
        resolve(value);
      }, undefined));
    });
  },
};
