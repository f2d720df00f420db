/**
 * Ping-pong of two processes, over two channels. The server may be restarted meanwhile, even by kill -9: a channel asks again for the outcome of what was
 * on its way, so that every ball comes back, once.
 *
 *     nats-server -js &
 *     npx tsx examples/53-ping-pong.ts nats://127.0.0.1:4222
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { scope } from "rendezvous";
import { remoteAt } from "./support/remote.ts";

const [address = "nats://127.0.0.1:4222", game = `game-${process.pid}`, role = "ping"] = process.argv.slice(2);
const rallies = 1000;

await scope(async (s) => {
  const remote = await remoteAt(s, address, { patience: 30_000 });
  const [ping, pong] = [remote.channel<number>(`${game}.ping`), remote.channel<number>(`${game}.pong`)];

  if (role === "pong") {
    for await (const ball of ping) await pong.send(ball);
    return;
  }
  const other = fork(fileURLToPath(import.meta.url), [address, game, "pong"]);
  let wrong = 0;
  for (let ball = 1; ball <= rallies; ball++) {
    await ping.send(ball);
    if ((await pong.receive()) !== ball) wrong++;
    if (ball % 250 === 0) console.log(`${ball} balls`);
  }
  ping.close();
  await once(other, "exit");
  console.log(`${rallies} rallies, ${wrong} wrong`);
});

// Prints:
// 250 balls
// 500 balls
// 750 balls
// 1000 balls
// 1000 rallies, 0 wrong
