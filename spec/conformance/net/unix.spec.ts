/** Unix sockets: dialled by path. */
import { linkSync } from "node:fs";
import { expect } from "chai";
import { ConnectionError, dial, dialing } from "../../../src/net/index.ts";
import { dialed, hangUp, openPipes, serverAt, socketPath, text } from "../../unit/net/support/peers.ts";
import { rejectionOf } from "../../support/settle.ts";

describe("Unix sockets", () => {
  afterEach(async () => {
    await hangUp();
    expect(openPipes()).to.be.at.most(before);
  });
  const before = openPipes(); // standard input and output may be pipes

  it("N-67 (a) a path is dialled, as an option and as a string, and is the address of the peer", async () => {
    const path = socketPath();
    await serverAt({ path }, (socket) => socket.end("hello\n"));
    for (const address of [{ path }, `unix:${path}`, `unix://${path}`]) {
      const connection = await dialed(address);
      expect(connection.remote).to.deep.equal({ path });
      expect(connection.local).to.deep.equal({});
      expect(await connection.readLine()).to.equal("hello");
      expect(await connection.readLine()).to.equal(undefined);
    }
  });

  it("N-67 (b) a path where nothing is: ENOENT; where nobody listens any more: ECONNREFUSED", async () => {
    const path = socketPath();
    const missing = (await rejectionOf(dial(`unix:${path}`))) as ConnectionError;
    expect(missing).to.be.instanceOf(ConnectionError).with.property("code", "ENOENT");
    expect(missing.message).to.equal(`dial unix:${path} has failed: ENOENT unix:${path}`);
    const server = await serverAt({ path }, () => undefined);
    const stale = `${path}2`;
    linkSync(path, stale); // it outlives the listener, as after a crash
    server.close();
    expect(await rejectionOf(dial({ path: stale }))).to.be.instanceOf(ConnectionError).with.property("code", "ECONNREFUSED");
  });

  it("N-67 (c) a path that the platform would cut is refused at the call, as is a path beside a host or a port", () => {
    const long = `/tmp/${"x".repeat(200)}`;
    for (const address of [`unix:${long}`, { path: long }]) expect(() => dialing(address)).to.throw(RangeError, "bytes here");
    expect(() => dialing({ path: "/a\0b" })).to.throw(TypeError);
    expect(() => dialing({ path: "" })).to.throw(TypeError);
    expect(() => dialing({ path: "/a", port: 1 })).to.throw(TypeError, "not both");
    expect(() => dialing({ path: "/a", host: "b" })).to.throw(TypeError, "not both");
  });

  it("an error of a connection over a path names the path", async () => {
    const path = socketPath();
    await serverAt({ path }, (socket) => socket.end("x"));
    const connection = await dialed({ path });
    expect(text(await connection.receive())).to.equal("x");
    connection.close();
    await connection.ended;
    expect(await rejectionOf(connection.send("late"))).to.have.property("message").that.contains(`connection to unix:${path}`);
  });
});
