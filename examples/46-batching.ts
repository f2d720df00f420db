/**
 * Rows are written to a database in batches: of four, or after 50 ms if fewer have come, so that no row waits long.
 */
import { chan, go, sleep } from "rendezvous";
import { flow } from "rendezvous/flow";

const rows = chan<number>();

go(async () => {
  for (let row = 1; row <= 11; row++) {
    await rows.send(row);
    if (row === 6) await sleep(200); // a pause, in which the row that was begun with is written
  }
  rows.close();
});

await flow(rows).chunks(4, { within: 50 }).forEach((batch) => {
  console.log(`insert ${batch.join(", ")}`);
});

// Prints:
// insert 1, 2, 3, 4
// insert 5, 6
// insert 7, 8, 9, 10
// insert 11
