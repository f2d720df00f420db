/**
 * Lines of CSV from a child process, totalled into a file. Nothing is read ahead: when the file cannot take more, the child has to wait.
 */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hear, flow, lines, senderTo } from "rendezvous/flow";

/** Stands for a program that prints orders: a header, then 10,000 lines of item, count and price. */
const orders = `
  console.log("item,count,price");
  for (let n = 1; n <= 10_000; n++) console.log(["apple", "pear", "plum"][n % 3] + "," + n % 7 + "," + (n % 10 + 0.5));
`;

const folder = await mkdtemp(join(tmpdir(), "orders-"));
try {
  const child = spawn(process.execPath, ["--eval", orders], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = hear<number>(child, "close");
  const file = senderTo<string>(createWriteStream(join(folder, "totals.csv")));

  await flow(lines(child.stdout))
    .drop(1)
    .map((line) => line.split(","))
    .filter(([item]) => item !== "plum")
    .map(([item, count, price]) => `${item},${Number(count) * Number(price)}\n`)
    .into(file);
  await file.shutdown(); // everything is on the disk
  console.log(`the child ended with ${await closed}`);

  const totals = (await readFile(join(folder, "totals.csv"), "utf8")).trimEnd().split("\n");
  console.log(`${totals.length} lines, the first: ${totals[0]}`);
} finally {
  await rm(folder, { recursive: true });
}

// Prints:
// the child ended with 0
// 6667 lines, the first: pear,1.5
