/**
 * A service is down for hours, and a client asks again and again, doubling its pause each time. In a bubble the night passes in no time, and the
 * test states to the millisecond when the answer comes. The bubble also checks that no task is left behind.
 */
import { chan, go, sleep, type Channel } from "rendezvous";
import { bubble } from "rendezvous/testing";

const minute = 60_000;

class Service {
  readonly requests: Channel<Channel<string>> = chan({ name: "requests" });
  readonly upAt: number;

  constructor(upAt: number) {
    this.upAt = upAt;
  }

  async serve(): Promise<void> {
    for await (const reply of this.requests) await reply.send(performance.now() < this.upAt ? "down" : "hello");
  }
}

async function patiently(service: Service): Promise<string> {
  const reply = chan<string>();
  for (let wait = minute; ; wait *= 2) {
    await service.requests.send(reply);
    const answer = await reply.receive();
    console.log(new Date().toISOString().slice(11, 16), answer);
    if (answer !== "down") return answer;
    await sleep(wait);
  }
}

await bubble(async () => {
  const service = new Service(300 * minute);
  go(() => service.serve());
  await patiently(service);
  service.requests.close(); // without this, the bubble reports the task that is left
});

// Prints:
// 00:00 down
// 00:01 down
// 00:03 down
// 00:07 down
// 00:15 down
// 00:31 down
// 01:03 down
// 02:07 down
// 04:15 down
// 08:31 hello
