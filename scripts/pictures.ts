/**
 * The pictures of the guides: `npx tsx scripts/pictures.ts` draws them into `docs/pictures`, and `spec/docs/pictures.spec.ts` compares. Each shows a run of
 * a program below, as the library itself tells it: the traces of `replay` and `explore`, the dump of the live tasks in a bubble.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { chan, dumpTasks, go, named, scope, select, sleep, sleeping, timeout, TimeoutError } from "rendezvous";
import { bubble, explore, ExploreError, replay } from "rendezvous/testing";
import { eventsOf, sequence } from "./pictures/sequence.ts";
import { nodesOf, tree } from "./pictures/tree.ts";

/** Production's own order. */
const inOrder = "=";

async function meeting(): Promise<void> {
  const orders = chan<string>({ name: "orders" });
  go(named("waiter", async () => {
    await orders.send("tea");
    await sleep(20);
    await orders.send("cake");
    orders.close();
  }));
  const served: string[] = [];
  await go(named("cook", async () => { for await (const order of orders) served.push(order); }));
}

async function nothingLost(): Promise<void> {
  const news = chan<string>({ name: "news" });
  go(named("reporter", async () => {
    await sleep(50);
    await news.send("rain");
  }));
  await go(named("reader", async () => {
    await select({ word: news.receiving(), late: sleeping(20) });
    await select({ word: news.receiving(), late: sleeping(100) });
  }));
}

async function lostUpdate(): Promise<void> {
  const lock = chan<"taken">({ name: "lock", capacity: 1 });
  let balance = 0;
  const deposit = async (): Promise<void> => {
    const before = balance; // should be read under the lock
    await lock.send("taken");
    balance = before + 1;
    await lock.receive();
  };
  const tasks = [go(named("alice", deposit)), go(named("bob", deposit))];
  for (const task of tasks) await task;
  if (balance !== 2) throw new Error(`two deposits, and the balance is ${balance}`);
}

/** What lived just before the time was up, and when each of it was cancelled. */
async function cancelled(): Promise<string> {
  return bubble(async () => {
    const ends = new Map<string, number>();
    const waiting = (name: string, wait: () => Promise<unknown>): (() => Promise<void>) => named(name, async () => {
      try {
        await wait();
      } finally {
        ends.set(name, performance.now());
      }
    });
    let dump = "";
    await timeout(100, () => scope(async function server(s) {
      s.go(waiting("accept", () => sleep(60_000)));
      s.go(waiting("requests", () => scope((all) => {
        all.go(waiting("request 1", () => chan({ name: "database" }).receive()));
        all.go(waiting("request 2", () => sleep(500)));
      })));
      await sleep(50);
      dump = dumpTasks();
    })).catch((error: unknown) => { if (!(error instanceof TimeoutError)) throw error; });
    return tree(nodesOf(dump, ends), "A time limit of 100 ms is up: every wait below it is cancelled");
  });
}

/** Without main, which starts the tasks and waits for them. */
const tasksOf = (trace: readonly string[]): ReturnType<typeof eventsOf> => eventsOf(trace).filter(({ who, whom }) => who !== "main" && whom !== "main");

/** Each picture, by its name. */
export const pictures: Readonly<Record<string, () => Promise<string>>> = {
  "rendezvous": async () => sequence(tasksOf((await replay(meeting, inOrder)).trace), "A send and a receive meet, whoever comes first"),
  "select": async () => sequence(tasksOf((await replay(nothingLost, inOrder)).trace), "The receive that lost has left the line, so the word is there for the next one"),
  "explored": async () => {
    const error: unknown = await explore(lostUpdate).catch((reason: unknown) => reason);
    if (!(error instanceof ExploreError)) throw new Error("nothing was found");
    return sequence(tasksOf(error.trace), "An order that explore has found", String(error.cause));
  },
  "cancel": cancelled,
};

if (process.argv[1] !== undefined && basename(process.argv[1]) === "pictures.ts") {
  mkdirSync("docs/pictures", { recursive: true });
  for (const [name, draw] of Object.entries(pictures)) writeFileSync(`docs/pictures/${name}.svg`, await draw());
}
