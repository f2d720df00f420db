/**
 * A search that asks three replicas of each kind of server at once: it uses the first answer, and aborts the other two requests. If a
 * kind of server has not answered within 80 ms, it goes on without. Idea: Rob Pike's "Google Search: a fake framework".
 */
import { attempting, gather, perform, race, timeout, TimeoutError } from "rendezvous";

/** The milliseconds that each replica takes. */
const kinds: Readonly<Record<string, readonly number[]>> = { web: [70, 30, 50], image: [20, 60, 40], video: [90, 150, 120] };

/** Stands for `fetch`, a function that takes a signal and knows nothing of this library. */
function request(replica: string, ms: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { resolve(`an answer of ${replica}`); }, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      console.log(`${replica} is aborted`);
      reject(signal.reason as Error);
    });
  });
}

/** The answer of the fastest replica. */
function search(kind: string, replicas: readonly number[]): Promise<string> {
  return race(replicas.map((ms, n) => () => perform(attempting((signal) => request(`${kind} ${n + 1}`, ms, signal)))));
}

const answers = await gather(
  Object.entries(kinds).map(([kind, replicas]) => async () => {
    try {
      return await timeout(80, () => search(kind, replicas));
    } catch (error) {
      if (error instanceof TimeoutError) return `no ${kind} in time`;
      throw error;
    }
  }),
);
for (const answer of answers) console.log(answer);

// Prints:
// image 2 is aborted
// image 3 is aborted
// web 1 is aborted
// web 3 is aborted
// video 1 is aborted
// video 2 is aborted
// video 3 is aborted
// an answer of web 2
// an answer of image 1
// no video in time
