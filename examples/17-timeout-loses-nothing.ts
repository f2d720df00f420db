/**
 * Two ways to limit the time of a receive. With `Promise.race` and a timer, the receive that lost is still in line: it takes the next value,
 * and nobody looks at it. With `timeout` the receive leaves the line before it can take anything.
 */
import { chan, sleep, timeout, TimeoutError, type Receiver } from "rendezvous";

type Mail = Receiver<string>;

function byRace(mail: Mail): Promise<string | undefined> {
  const late = sleep(100).then(() => undefined);
  return Promise.race([mail.receive(), late]);
}

async function byTimeout(mail: Mail): Promise<string | undefined> {
  try {
    return await timeout(100, () => mail.receive());
  } catch (error) {
    if (error instanceof TimeoutError) return undefined;
    throw error;
  }
}

/** Sends five letters, one every 150 ms, to a reader that waits 100 ms at a time. */
async function letters(take: (mail: Mail) => Promise<string | undefined>): Promise<string[]> {
  const mail = chan<string>();
  const read: string[] = [];
  for (let n = 1; n <= 5; n++) {
    const early = await take(mail); // nothing is there yet
    await sleep(50);
    void mail.send(`letter ${n}`);
    for (const letter of [early, await take(mail)]) if (letter !== undefined) read.push(letter);
  }
  return read;
}

console.log("by Promise.race:", await letters(byRace));
console.log("by timeout:", await letters(byTimeout));

// Prints:
// by Promise.race: []
// by timeout: [ 'letter 1', 'letter 2', 'letter 3', 'letter 4', 'letter 5' ]
