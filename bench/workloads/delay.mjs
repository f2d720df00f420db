/**
 * How late a 1 ms interval is, at worst, while two tasks do nothing but hand numbers over for half a second. Half a second means
 * that timers (and sockets) had no chance at all.
 */
const msOfTraffic = 500;

/** @type {import("../interface.mjs").Workload} */
export default {
  name: "delay",
  title: "1 ms interval under traffic, worst lateness",
  unit: "ms",
  kind: "once",
  needs: ["make", "send", "receive", "spawn"],
  worst: true,

  async async({ make, send, receive, value, spawn }) {
    const numbers = make(0);
    const end = performance.now() + msOfTraffic;
    spawn(async () => {
      for (let n = 0; n % 64 !== 0 || performance.now() < end; n++) await send(numbers, n);
      await send(numbers, -1);
    });
    for (let last = 0; last !== -1;) last = value(await receive(numbers));
  },

  *generator({ make, send, receive, spawn }) {
    const numbers = make(0);
    const end = performance.now() + msOfTraffic;
    spawn(function* () {
      for (let n = 0; n % 64 !== 0 || performance.now() < end; n++) yield* send(numbers, n);
      yield* send(numbers, -1);
    });
    for (let last = 0; last !== -1;) last = yield* receive(numbers);
  },

  async figure(_library, run) {
    await run(0); // once for the compiler
    let worst = 0;
    let last = performance.now();
    const look = () => {
      const now = performance.now();
      worst = Math.max(worst, now - last - 1);
      last = now;
    };
    const interval = setInterval(look, 1);
    await run(0);
    look();
    clearInterval(interval);
    return worst;
  },
};
