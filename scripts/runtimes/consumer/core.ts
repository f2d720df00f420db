/** A user's program with `rendezvous`: in this compiler its declarations mean what they should. */
import {
  calls, chan, choose, coroutine, gather, go, named, operation, perform, race, run, scope, select, selecting, sleeping, ticker, timeout,
  type Channel, type ChildTask, type Operation, type Receiver, type Scope, type Sender, type Task,
} from "rendezvous";

const numbers: Channel<number> = chan<number>(1);
const sender: Sender<number> = numbers;

async function total(from: Receiver<number>): Promise<number> {
  let sum = 0;
  for await (const n of from) sum += n;
  return sum;
}

async function main(s: Scope): Promise<string> {
  const task: ChildTask<number> = s.go(total, numbers);
  await sender.send(1);
  await numbers.send(2);
  numbers.close();
  const { value, done } = await numbers[Symbol.asyncIterator]().next();
  const end: undefined | number = done ? value : value.valueOf();

  const words = chan<string>(1);
  words.trySend("word");
  const next = await select({ word: words.receiving(), never: false, late: sleeping(1000) });
  let text = "";
  switch (next.case) {
    case "word": text = next.value.toUpperCase(); break;
    case "late": text = "late"; break;
  }

  const twice: Task<number> = go(function* () {
    const either: Operation<number> = choose(sleeping(0).map(() => 21), sleeping(1000).map(() => 0));
    const picked = yield* selecting({ either });
    return picked.value * 2;
  });
  const own: Operation<"now"> = operation({ poll: () => () => "now" as const, wait: () => () => undefined });
  const [a, b]: [string, number] = await gather([() => perform(own), twice]);
  const first: number | string = await race([() => 1, named("second", () => "2")]);
  const limited: boolean = await timeout(1000, () => true);

  const squares = calls<number, number>();
  go(() => squares.server.serve((n) => n * n));
  const square: number = await squares.client.call(3);
  squares.close();
  const sum = coroutine(function* (): Generator<number, void, number> { yield 1; });
  const yielded: number = await sum.first;
  sum.close();
  ticker(1000).stop();
  return [await task, end, text, a, b, typeof first, limited, square, yielded].join();
}

console.log(await run(async (s) => scope(async () => main(s))));
// 3,,WORD,now,42,number,true,9,1
