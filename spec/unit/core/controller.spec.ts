/** What a controller hears of the running code, and what it decides: see the seam, `src/core/controller.ts`. */
import { expect } from "chai";
import sinon from "sinon";
import { hold } from "../../../src/core/budget.ts";
import { clockIsReal, type Waited } from "../../../src/core/controller.ts";
import { control } from "../../../src/core/scheduler.ts";
import { always, chan, choose, go, perform, poll } from "../../../src/index.ts";
import { controllableCopy } from "../../support/fresh.ts";
import { isPending, settle } from "../../support/settle.ts";
import { TrivialController } from "../../support/trivial-controller.ts";

class Recorder extends TrivialController {
  readonly waited: string[] = [];
  readonly belongings = new Map<object, readonly object[]>();
  /** How often the running code has asked, and what it hears. */
  asked = 0;
  goesOn = false;

  override waits(waiter: object, what?: Waited): void {
    super.waits(waiter);
    this.waited.push(String(what));
  }

  override made(what: object, belongings?: readonly object[]): void {
    super.made(what);
    this.belongings.set(what, belongings ?? []);
  }

  override runsOn(): boolean {
    this.asked++;
    return this.goesOn;
  }
}

describe("what a controller hears", () => {
  let controller: Recorder;
  beforeEach(() => { control(controller = new Recorder()); });
  afterEach(() => { control(undefined); });

  const verbs: Record<string, (channel: ReturnType<typeof chan<number>>) => Promise<unknown>> = {
    send: (channel) => channel.send(1),
    receive: (channel) => channel.receive(),
    next: (channel) => channel.next(),
    "next of a loop": (channel) => channel[Symbol.asyncIterator]().next(),
  };
  for (const [name, call] of Object.entries(verbs)) {
    it(`every wait, also of a ${name} without options, outside of all tasks, where nothing was ever cancelled`, async () => {
      const copy = await controllableCopy(); // the shortest way is closed while there is a cancel error, of any other spec
      copy.control(controller);
      const channel = copy.chan<number>({ name: "jobs" });
      expect(await isPending(call(channel))).to.equal(true);
      expect(controller.waited).to.deep.equal([`${name === "send" ? "send" : "receive"} on channel "jobs"`]);
    });
  }

  it("a channel when it is made, with its two lines, which count as the same", () => {
    const channel = chan<number>();
    expect(controller.belongings.get(channel)).to.deep.equal([channel.senders, channel.receivers]);
  });

  it("all that a choice depends on, mapped cases too, whichever of them is polled", () => {
    const channel = chan<number>();
    const either = choose(channel.receiving().map(String), always("ready"));
    controller.told.length = 0;
    expect(poll(either)).to.deep.equal({ value: "ready" }); // the last one is polled first
    expect(controller.told).to.include(channel.receivers);
  });
});

describe("what a controller decides", () => {
  let controller: Recorder;
  beforeEach(() => { control(controller = new Recorder()); });
  afterEach(() => {
    control(undefined);
    sinon.restore();
  });

  for (const goesOn of [true, false]) {
    it(`whether code goes on at once where its operation is ready: ${goesOn ? "then it is asked at each" : "else it waits to be resumed"}`, async () => {
      controller.goesOn = goesOn;
      let passed = 0;
      go(function* () { for (; passed < 3; passed++) yield* always(1); });
      await settle();
      controller.waiting.pop()?.();
      await settle();
      expect({ passed, asked: controller.asked }).to.deep.equal(goesOn ? { passed: 3, asked: 3 } : { passed: 0, asked: 1 });
      expect(controller.waiting).to.have.length(goesOn ? 0 : 1);
      await controller.drain();
      expect({ passed, asked: controller.asked }).to.deep.equal({ passed: 3, asked: 3 });
    });

    it(`the same of a promise: ${goesOn ? "settled at once" : "pending until the controller resumes it"}`, async () => {
      controller.goesOn = goesOn;
      const performed = perform(always(1));
      expect(await isPending(performed)).to.equal(!goesOn);
      await controller.drain();
      expect(await performed).to.equal(1);
    });
  }

  it("when what the event loop holds back goes on: now, as it does in production, or whenever it says so", () => {
    const log: string[] = [];
    const who = {};
    hold(() => log.push("held"), who);
    const ready = sinon.stub(controller, "ready").returns(true);
    hold(() => log.push("at once"), who);
    expect(log).to.deep.equal(["at once"]);
    expect(ready.args[0]?.slice(1)).to.deep.equal([who]);
    controller.waiting.pop()?.();
    expect(log).to.deep.equal(["at once", "held"]);
  });

  it("what time it is: under a controller, as under a fake clock, the platform's is not taken for real", () => {
    expect(clockIsReal()).to.equal(false);
    control(undefined);
    expect(clockIsReal()).to.equal(true);
    sinon.useFakeTimers();
    expect(clockIsReal()).to.equal(false);
  });
});
