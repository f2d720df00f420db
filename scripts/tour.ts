/**
 * The tour: `npm start`. Runs the first four examples, one after the other, each after a line that says what to look at.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const stops = [
  { file: "01-producer-consumer.ts", look: "a send waits for its receiver; each number is answered before the next" },
  { file: "02-hello-sleep.ts", look: "one second passes between the two lines" },
  { file: "03-gather.ts", look: "two tasks sleep at the same time: one second, not two" },
  { file: "04-wget.ts", look: "three HTTP servers on this machine, asked at once, over real sockets" },
];

for (const { file, look } of stops) {
  const path = fileURLToPath(new URL(`../examples/${file}`, import.meta.url));
  console.log(`\n# examples/${file}: ${look}`);
  const { status } = spawnSync(process.execPath, ["--import", "tsx", path], { stdio: "inherit" });
  if (status !== 0) {
    process.exitCode = 1;
    break;
  }
}
