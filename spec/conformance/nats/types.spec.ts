/** Types between machines: a value is what was checked, or unknown. */
import { expectTypeOf } from "expect-type";
import type { Receiver } from "../../../src/node.ts";
import type { Delivery, Queue, Remote, RemoteChannel, StandardSchemaLike, Topic } from "../../../src/nats/index.ts";
import { aNumber } from "./support.ts";

describe("types between machines", () => {
  it("NT-63 a value has the type that its check gives, the one that is claimed, or is unknown", () => {
    const typed = (remote: Remote, schema: StandardSchemaLike<Date>): unknown => {
      expectTypeOf(remote.queue("jobs")).resolves.toEqualTypeOf<Queue<unknown>>();
      expectTypeOf(remote.queue("jobs", { validate: aNumber })).resolves.toEqualTypeOf<Queue<number>>();
      expectTypeOf(remote.queue("jobs", { validate: schema })).resolves.toEqualTypeOf<Queue<Date>>();
      expectTypeOf(remote.queue<string>("jobs")).resolves.toEqualTypeOf<Queue<string>>();
      expectTypeOf(remote.channel("work")).toEqualTypeOf<RemoteChannel<unknown>>();
      expectTypeOf(remote.channel("work", { validate: aNumber })).toEqualTypeOf<RemoteChannel<number>>();
      expectTypeOf(remote.channel("work", { validate: schema })).toEqualTypeOf<RemoteChannel<Date>>();
      expectTypeOf(remote.topic("prices")).toEqualTypeOf<Topic<unknown>>();
      expectTypeOf(remote.topic("prices", { validate: aNumber }).subscribe()).resolves.toEqualTypeOf<Receiver<number>>();
      expectTypeOf<Queue<number>["receive"]>().returns.resolves.toEqualTypeOf<Delivery<number>>();
      return async () => {
        expectTypeOf(await remote.channel("work").receive()).toBeUnknown();
        // @ts-expect-error -- the check gives a number, and a text is sent
        await (await remote.queue("jobs", { validate: aNumber })).send("seven");
        await (await remote.queue("jobs", { validate: aNumber })).serve((value, { attempt }) => value.toFixed(attempt));
      };
    };
    expectTypeOf(typed).toBeFunction();
  });
});
