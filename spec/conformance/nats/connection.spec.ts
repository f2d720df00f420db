/** What `overNats` asks of a connection, shown on one that stands in for the client's. */
import { expect } from "chai";
import sinon from "sinon";
import { chan, go } from "../../../src/node.ts";
import { NobodyThere, overNats, TimedOut, type NatsConnectionLike, type NatsMessageLike } from "../../../src/nats/index.ts";
import { NatsBroker } from "../../../src/nats/server/nats-broker.ts";
import { rejectionOf, settle } from "../../support/settle.ts";
import { bytes } from "./support.ts";

type Heard = (error: Error | null, message: NatsMessageLike) => void;

/** A connection that remembers what is published, and hears what it is made to hear. */
class StandIn implements NatsConnectionLike {
  info: { version: string; max_payload: number } = { version: "2.10.0", max_payload: 1024 };
  readonly published: [subject: string, reply: string | undefined][] = [];
  readonly subscriptions = new Map<string, Heard>();
  isOver = false;
  #close: ((error: unknown) => void) | undefined = undefined;

  isClosed(): boolean {
    return this.isOver;
  }

  closed(): Promise<unknown> {
    return new Promise((resolve) => { this.#close = resolve; });
  }

  close(error?: unknown): void {
    this.isOver = true;
    this.#close?.(error);
  }

  publish(subject: string, _?: Uint8Array, { reply }: { reply?: string } = {}): void {
    if (this.isOver) throw new Error("the stand-in is closed");
    this.published.push([subject, reply]);
  }

  subscribe(subject: string, { callback }: { callback?: Heard } = {}): { unsubscribe(): void; drain(): Promise<void> } {
    if (callback) this.subscriptions.set(subject, callback);
    return { unsubscribe: () => { this.subscriptions.delete(subject); }, drain: () => Promise.resolve() };
  }

  /** A message comes. */
  hears(subscription: string, subject: string, data: Uint8Array, code?: number): void {
    const headers = code === undefined ? undefined : { code, description: "", get: () => "" };
    this.subscriptions.get(subscription)?.(null, { subject, data, headers, respond: () => true });
  }

  request(): Promise<NatsMessageLike> {
    throw new Error("the client's own requests are not used for this");
  }

  async flush(): Promise<void> { /* nothing is on its way */ }

  readonly states = chan<{ type: string }>();

  status(): AsyncIterable<{ type: string }> {
    return this.states;
  }
}

function brokerOver(connection: StandIn): NatsBroker {
  const broker = new NatsBroker(connection);
  broker.inbox = "answers";
  return broker;
}

describe("a connection of NATS", () => {
  it("NT-59 (c) a server that is too old is refused, with its version; what is no connection, too", () => {
    const old = new StandIn();
    old.info = { version: "2.8.4", max_payload: 1024 };
    expect(() => overNats(old)).to.throw(Error, "2.9 or later; this one is 2.8.4");
    for (const version of ["2.9.0", "2.10.29", "3.0.0-beta.1"]) {
      const connection = new StandIn();
      connection.info = { version, max_payload: 1024 };
      expect(String(overNats(connection))).to.equal('Remote "rendezvous"');
    }
    expect(() => overNats({} as NatsConnectionLike)).to.throw(TypeError, "a connection of @nats-io/transport-node");
  });

  it("NT-58 (a) a question has its answer, or the server knows that nobody hears, or its own time is up (nats-broker.ts 3)", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const connection = new StandIn();
      const broker = brokerOver(connection);
      const asked = [1, 2, 3].map(() => broker.request("there", bytes("?"), { timeout: 500 }));
      expect(connection.published).to.deep.equal([["there", "answers.1"], ["there", "answers.2"], ["there", "answers.3"]]);
      connection.hears("answers.*", "answers.2", bytes("yes"));
      connection.hears("answers.*", "answers.1", new Uint8Array(0), 503);
      connection.hears("answers.*", "answers.2", bytes("again"));
      connection.hears("answers.*", "answers.9", bytes("of nobody"));
      expect(await rejectionOf(asked[0] as Promise<unknown>)).to.be.instanceOf(NobodyThere);
      expect((await asked[1])?.bytes).to.deep.equal(bytes("yes"));
      const late = rejectionOf(asked[2] as Promise<unknown>);
      await clock.tickAsync(500);
      expect(await late).to.be.instanceOf(TimedOut);
      expect(clock.countTimers()).to.equal(0);
    } finally {
      clock.restore();
    }
  });

  it("NT-60 (e) after the end of a remote, or of its connection, no question, subscription or timer is left (nats-broker.ts 3)", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      for (const end of ["remote", "connection"]) {
        const connection = new StandIn();
        const remote = overNats(connection);
        const sending = go(() => remote.channel("c").send(1));
        await settle();
        connection.hears("rendezvous.c.c", "rendezvous.c.c", bytes("w elsewhere 1 1"));
        expect(connection.published.at(-1)?.[0]).to.equal("rendezvous.i.elsewhere.c-c");
        expect(clock.countTimers()).to.be.above(0);
        if (end === "remote") await remote[Symbol.asyncDispose]();
        else connection.close();
        expect(String(await rejectionOf(sending))).to.match(/ClosedError/);
        if (end === "remote") expect([...connection.subscriptions.keys()]).to.deep.equal([]);
        expect(clock.countTimers()).to.equal(0);
      }
    } finally {
      clock.restore();
    }
  });

  it("NT-58 (b) a question whose connection is lost waits for no answer: it is asked again as soon as there is a connection", async () => {
    const connection = new StandIn();
    const remote = overNats(connection, { patience: 60_000 });
    const sending = go(() => remote.channel("c").send(1));
    await settle();
    connection.hears("rendezvous.c.c", "rendezvous.c.c", bytes("w elsewhere 1 1"));
    const asked = (): string[] => connection.published.map(([subject]) => subject).filter((subject) => subject === "rendezvous.i.elsewhere.c-c");
    expect(asked()).to.have.length(1);
    await connection.states.send({ type: "disconnect" });
    await settle();
    expect(asked()).to.have.length(1);
    await connection.states.send({ type: "reconnect" });
    await settle();
    expect(asked()).to.have.length(2);
    const [, reply] = connection.published.findLast(([subject]) => subject.startsWith("rendezvous.i.elsewhere")) as [string, string];
    connection.hears(reply.replace(/[^.]*$/, "*"), reply, bytes("+\n0 2"));
    await sending;
    await remote[Symbol.asyncDispose]();
  });

  it("what nobody waits for goes out together: after a turn, when there is much of it, or when it is asked for", async () => {
    const connection = new StandIn();
    const broker = brokerOver(connection);
    for (let n = 0; n < 70; n++) broker.gather(`ack.${n}`, bytes("+ACK"));
    expect(connection.published).to.have.length(64);
    broker.sayGathered();
    expect(connection.published).to.have.length(70);
    broker.gather("ack.70", bytes("+ACK"));
    expect(connection.published).to.have.length(70);
    await new Promise((resolve) => { setImmediate(resolve); });
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(connection.published.at(-1)?.[0]).to.equal("ack.70");
    broker.gather("ack.71", bytes("+ACK"));
    connection.close();
    broker.sayGathered(); // its value comes again
    expect(connection.published).to.have.length(71);
  });
});
