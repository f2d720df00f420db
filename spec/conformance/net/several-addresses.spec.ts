/** Several addresses of one name: side by side, a delay apart, the first that answers wins. */
import type { Socket } from "node:net";
import { expect } from "chai";
import sinon from "sinon";
import { ConnectionError, dial, type Connection } from "../../../src/net/index.ts";
import { interleaved } from "../../../src/net/attempts.ts";
import { leavesNothing, resolvesTo } from "../../unit/net/support/clean-end.ts";
import { blackHole, closedPort, connecting, dialed, hangUp, openSockets, receivedToEnd, serverAt, serversOf } from "../../unit/net/support/peers.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";

describe("dial, several addresses", () => {
  const fake = leavesNothing(connecting);

  /** An address that never answers, and a server on the same port of 127.0.0.1. */
  async function holeAndServer(): Promise<{ hole: string; port: number; accepted: Socket[] }> {
    const accepted: Socket[] = [];
    for (;;) {
      const { host, port } = await blackHole();
      try {
        await serverAt({ host: "127.0.0.1", port }, (socket) => accepted.push(socket));
        return { hole: host, port, accepted };
      } catch {
        await hangUp(); // somebody has that port: another hole
      }
    }
  }

  it("N-07 the first address is a black hole: the second is tried after attemptDelay and wins, the first socket is destroyed (dial.ts 2)", async () => {
    const { hole, port, accepted } = await holeAndServer();
    for (const attemptDelay of [undefined, 1000]) {
      const before = connecting();
      const frozen = fake();
      const dialling = dialed({ host: "name", port, attemptDelay, lookup: resolvesTo(hole, "127.0.0.1") });
      expect(await isPending(dialling)).to.equal(true);
      await frozen.tickAsync((attemptDelay ?? 250) - 1);
      expect(await isPending(dialling)).to.equal(true);
      expect(connecting()).to.equal(before + 1);
      await frozen.tickAsync(1);
      const connection = await dialling;
      expect(connection.remote.host).to.equal("127.0.0.1");
      expect(frozen.countTimers()).to.equal(0);
      await settle();
      expect(connecting()).to.equal(before);
      frozen.restore();
    }
    expect(accepted).to.have.length(2);
  });

  it("N-07 (b) an attempt is not given up when the next one begins: it may still win (attempts.ts 1)", async () => {
    const { hole, port } = await holeAndServer();
    const before = connecting();
    const frozen = fake();
    const dialling = dialed({ host: "name", port, attemptDelay: 0, lookup: resolvesTo("127.0.0.1", hole) });
    await new Promise<void>((resolve) => process.nextTick(resolve)); // the first is on the way, and nobody has been told of it
    frozen.tick(0);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(connecting()).to.equal(before + 2);
    expect((await dialling).remote.host).to.equal("127.0.0.1");
  });

  it("N-06 (b) a failed attempt brings the next one forward, and the delay counts from there (attempts.ts 1)", async () => {
    const { hole, port } = await holeAndServer();
    const frozen = fake();
    // The first refuses at once, the second is the black hole, the third answers.
    const dialling = dialed({ host: "name", port, lookup: resolvesTo("127.0.0.3", hole, "127.0.0.1") });
    expect(await isPending(dialling)).to.equal(true);
    await frozen.tickAsync(249);
    expect(await isPending(dialling)).to.equal(true);
    await frozen.tickAsync(1);
    expect((await dialling).remote.host).to.equal("127.0.0.1");
  });

  it("N-09 two attempts succeed nearly together: one connection, and the server sees the other one closed (attempts.ts 3)", async () => {
    const accepted: [host: string, socket: Socket][] = [];
    const hosts = ["127.0.0.1", "127.0.0.3"];
    const { port } = await serversOf(hosts, (socket, host) => accepted.push([host, socket]));
    const frozen = fake();
    const dialling = dialed({ host: "name", port, attemptDelay: 0, lookup: resolvesTo(...hosts) });
    // Both are on the way before the event loop can report either.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    frozen.tick(0);
    const connection = await dialling;
    await settle();
    expect(accepted).to.have.length(2);
    const [lost] = accepted.filter(([host]) => host !== connection.remote.host);
    expect(await receivedToEnd(lost?.[1] as Socket)).to.equal("");
    lost?.[1].destroy();
    await settle();
    expect(openSockets()).to.equal(2); // the one connection, seen from both sides
  });

  it("N-10 (b) all fail: the message is never empty, and errors are in the order of the attempts (attempts.ts 5)", async () => {
    const port = await closedPort();
    const frozen = fake();
    const dialling = dial({ host: "name", port, attemptDelay: 0, lookup: resolvesTo("127.0.0.1", "127.0.0.3", "127.0.0.4") });
    const outcome = rejectionOf(dialling);
    await settle();
    frozen.tick(0);
    const error = (await outcome) as ConnectionError;
    expect(error).to.be.instanceOf(ConnectionError).with.property("phase", "connect");
    expect(error.errors).to.have.length(3);
    expect(error.message).to.equal(
      `dial name:${port} has failed: ECONNREFUSED 127.0.0.1:${port}, ECONNREFUSED 127.0.0.3:${port}, ECONNREFUSED 127.0.0.4:${port}`,
    );
  });

  it("N-16 (d) a time limit destroys every attempt, and names those that were under way", async () => {
    const { hole, port } = await holeAndServer();
    const before = connecting();
    const frozen = fake();
    const dialling = dial({ host: "name", port, timeout: 400, lookup: resolvesTo(hole, hole) });
    const outcome = rejectionOf(dialling);
    expect(await isPending(dialling)).to.equal(true);
    await frozen.tickAsync(250);
    expect(connecting()).to.equal(before + 2);
    await frozen.tickAsync(150);
    expect(await outcome).to.have.property("message").that.contains(`"connect" (${hole}:${port}, ${hole}:${port})`);
    await settle();
    expect(connecting()).to.equal(before);
    expect(frozen.countTimers()).to.equal(0);
  });

  it("N-14 (d) an abort destroys every attempt (attempts.ts 3)", async () => {
    const { hole, port } = await holeAndServer();
    const before = connecting();
    const frozen = fake();
    const controller = new AbortController();
    const dialling = dial({ host: "name", port, lookup: resolvesTo(hole, hole) }, { signal: controller.signal });
    const outcome = rejectionOf(dialling);
    await settle();
    await frozen.tickAsync(250);
    controller.abort("enough");
    expect(await outcome).to.equal("enough");
    expect(frozen.countTimers()).to.equal(0);
    await settle();
    expect(connecting()).to.equal(before);
  });

  it("the versions of the Internet Protocol take turns, and the second attempt is of the other one (attempts.ts 2)", () => {
    const kind = (address: string): boolean => address.includes(":");
    expect(interleaved(["::1", "::2", "::3", "1", "2"], kind)).to.deep.equal(["::1", "1", "::2", "2", "::3"]);
    expect(interleaved(["1", "2", "::1"], kind)).to.deep.equal(["1", "::1", "2"]);
    expect(interleaved(["1"], kind)).to.deep.equal(["1"]);
    expect(interleaved([], kind)).to.deep.equal([]);
  });

  it("1,000 dials and closes leave no socket and no listener on a signal", async function () {
    this.timeout(30_000);
    const { port } = await serversOf(["127.0.0.1"], (socket) => {
      socket.resume();
      socket.on("end", () => socket.end());
    });
    const { signal } = new AbortController();
    const add = sinon.spy(signal, "addEventListener");
    const remove = sinon.spy(signal, "removeEventListener");
    const ends: Promise<unknown>[] = [];
    for (let times = 0; times < 1000; times++) {
      const connection: Connection = await dial(`127.0.0.1:${port}`, { signal });
      ends.push(connection.shutdown());
      if (ends.length % 50 === 0) await Promise.all(ends);
    }
    await Promise.all(ends);
    await settle();
    expect(openSockets()).to.equal(0);
    expect(add.callCount).to.equal(remove.callCount);
  });
});
