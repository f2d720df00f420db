/** js-csp: generators with a plain `yield` of an instruction, to which the workloads' `yield*` is bent here. */
import csp from "js-csp";

/** An instruction that is yielded once and returns the answer: cheap beside the work of js-csp. */
class Once {
  #instruction;
  #yielded = false;

  constructor(instruction) {
    this.#instruction = instruction;
  }

  [Symbol.iterator]() {
    return this;
  }

  next(value) {
    if (this.#yielded) return { done: true, value };
    this.#yielded = true;
    return { done: false, value: this.#instruction };
  }
}

/** @type {import("../interface.mjs").Library} */
export default {
  title: "js-csp",
  style: "generator",
  imports: { from: "js-csp", typical: "chan, go, alts, put, take, timeout" },
  make: (capacity) => csp.chan(capacity),
  send: (channel, value) => new Once(csp.put(channel, value)),
  receive: (channel) => new Once(csp.take(channel)),
  value: (received) => received,
  spawn: (body, ...args) => csp.go(body, args),
  *gather(bodies) {
    const endings = bodies.map((body) => csp.go(body));
    const results = [];
    for (const ending of endings) results.push(yield csp.take(ending));
    return results;
  },
  run: (body) => new Promise((resolve) => csp.takeAsync(csp.go(body), resolve)),
  select(receives, sends = []) {
    const cases = [...receives, ...sends];
    return {
      wait: () => new Once(csp.alts(cases)),
      value: (selected) => selected.value,
      sent: (selected) => !receives.includes(selected.channel),
    };
  },
  selectsSends: true,
  receiveWithin: (channel, ms) => new Once(csp.alts([channel, csp.timeout(ms)])),
};
