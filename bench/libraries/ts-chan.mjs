/** ts-chan: Go's channels and select, with a turn of the event loop in every operation. */
import { Chan, recv, Select, send } from "ts-chan";

/**
 * @param {string} title
 * @param {boolean} unsafe without the turns of the event loop
 * @returns {import("../interface.mjs").Library}
 */
export function tsChan(title, unsafe) {
  return {
    title,
    style: "async",
    make: (capacity) => new Chan(capacity).setUnsafe(unsafe),
    send: (channel, value) => channel.send(value),
    receive: (channel) => channel.recv(),
    value: (received) => received.value,
    spawn: (body, ...args) => body(...args),
    gather: (bodies) => Promise.all(bodies.map((body) => body())),
    select(receives, sends = []) {
      const either = new Select([
        ...receives.map((channel) => recv(channel)),
        ...sends.map(([channel, value]) => send(channel, () => value)),
      ]).setUnsafe(unsafe);
      return {
        wait: () => either.wait(),
        value: (index) => either.recv(either.cases[index]).value,
        sent: (index) => index >= receives.length,
      };
    },
    selectsSends: true,
    receiveUnless: (channel, signal) => channel.recv(signal),
  };
}

export default { ...tsChan("ts-chan", false), imports: { from: "ts-chan", typical: "Chan, Select, recv, send" } };
