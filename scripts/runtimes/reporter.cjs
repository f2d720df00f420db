/** A reporter of mocha's: a line of JSON for each spec that begins, passes or fails, in the file named by `RUNTIMES_REPORT`, as soon as it does. */
const { appendFileSync } = require("node:fs");

module.exports = class {
  constructor(runner) {
    const file = process.env.RUNTIMES_REPORT;
    const tell = (line) => { appendFileSync(file, `${JSON.stringify(line)}\n`); };
    const placeOf = (test) => ({ title: test.fullTitle(), file: test.file });
    runner.on("test", (test) => { tell({ begins: true, ...placeOf(test) }); });
    runner.on("pass", (test) => { tell({ passed: true, ms: test.duration, ...placeOf(test) }); });
    runner.on("fail", (test, error) => { tell({ failed: true, error: String(error?.stack ?? error), ...placeOf(test) }); });
    runner.on("end", () => { tell({ ended: true }); });
  }
};
