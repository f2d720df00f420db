/**
 * A chat room: what one says goes to all, in the same order for everybody. Who joins later reads the last two messages first. A slow
 * reader has a buffer of his own that forgets the oldest, so he keeps nobody waiting.
 */
import { scope, sleep } from "rendezvous";
import { broadcast } from "rendezvous/flow";

await scope(async (s) => {
  const room = broadcast<string>({ replay: 2, name: "room" });

  const read = (name: string, ms: number, options?: Parameters<typeof room.subscribe>[0]): void => {
    const messages = room.subscribe(options);
    s.go(async () => {
      const heard: string[] = [];
      for await (const message of messages) {
        heard.push(message);
        await sleep(ms);
      }
      console.log(`${name} heard ${heard.join(", ")}`);
    });
  };

  read("Ada", 1);
  read("Bob, who is slow,", 100, { capacity: 2, overflow: "drop-oldest" });
  for (const message of ["one", "two", "three"]) await room.send(message);
  read("Cyd, who came late,", 1);
  for (const message of ["four", "five", "six"]) await room.send(message);
  room.close();
});

// Prints:
// Ada heard one, two, three, four, five, six
// Cyd, who came late, heard two, three, four, five, six
// Bob, who is slow, heard one, five, six
