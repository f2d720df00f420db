/**
 * A select that receives from one channel or sends on another, whichever comes first; a producer and a consumer at the other
 * ends. Values have to come in order, and what was sent has to have been received (the last one may be on its way).
 */

/** @type {import("../interface.mjs").Workload} */
export default {
  name: "send-or-receive",
  title: "select: send or receive",
  unit: "ns a select",
  kind: "rate",
  needs: ["make", "send", "receive", "select", "selectsSends", "spawn"],
  expected: () => 0,

  async async({ make, send, receive, select, spawn }, count) {
    const inward = make(0);
    const outward = make(0);
    let consumed = 0;
    spawn(async () => {
      for (let n = 0; ; n++) await send(inward, n);
    });
    spawn(async () => {
      for (;;) {
        await receive(outward);
        consumed++;
      }
    });
    const { wait, value, sent } = select([inward], [[outward, 1]]);
    let wrong = 0;
    let taken = 0;
    let given = 0;
    while (taken + given < count) {
      const result = await wait();
      if (sent(result)) given++;
      else if (value(result) !== taken++) wrong++;
    }
    return Math.abs(given - consumed) > 1 ? wrong + 1 : wrong;
  },

  *generator({ make, send, receive, select, spawn }, count) {
    const inward = make(0);
    const outward = make(0);
    let consumed = 0;
    spawn(function* () {
      for (let n = 0; ; n++) yield* send(inward, n);
    });
    spawn(function* () {
      for (;;) {
        yield* receive(outward);
        consumed++;
      }
    });
    const { wait, value, sent } = select([inward], [[outward, 1]]);
    let wrong = 0;
    let taken = 0;
    let given = 0;
    while (taken + given < count) {
      const result = yield* wait();
      if (sent(result)) given++;
      else if (value(result) !== taken++) wrong++;
    }
    return Math.abs(given - consumed) > 1 ? wrong + 1 : wrong;
  },
};
