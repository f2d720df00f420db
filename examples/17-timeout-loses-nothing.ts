/**
 * A time limit for a receive, twice. By `Promise.race` with a timer, the receive that came too late still stands in line and takes the next
 * value, which nobody looks at. By `timeout` it has left the line before anything could come.
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

/** Five letters, one every 150 ms, to somebody who looks for 100 ms at a time. */
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
