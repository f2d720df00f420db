/** Two players and one table. There is only one ball, on the table or with one player; the referee ends the game. */
import { chan, gather, sleep } from "rendezvous";

interface Ball {
  hits: number;
}

const table = chan<Ball>();

async function player(name: string): Promise<void> {
  for await (const ball of table) {
    console.log(`${name} ${++ball.hits}`);
    await sleep(100);
    if (!table.closed) await table.send(ball);
  }
}

async function referee(): Promise<void> {
  await table.send({ hits: 0 });
  await sleep(1000);
  table.close();
}

await gather([() => player("ping"), () => player("pong"), referee]);

// Prints, one line every 100 ms:
// ping 1
// pong 2
// ping 3
// pong 4
// ping 5
// pong 6
// ping 7
// pong 8
// ping 9
// pong 10
