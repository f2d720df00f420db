/**
 * Connections against the platform's own sockets, over the loopback, both ends in one process: programs that do the same, written as
 * the users of each would write them. Not a part of the comparison of channels: `node bench/net.mjs` runs it.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import * as tls from "node:tls";
import { dial, listen, serve } from "../../dist/bundle/net/index.js";

const host = "127.0.0.1";
const message = Buffer.alloc(64, "x");
const piece = Buffer.alloc(64 * 1024, "x");
const lines = Buffer.from(Array.from({ length: 1024 }, (_, n) => `line ${n} of some forty bytes, as logs have\n`).join(""));

/** @param {(socket: import("node:net").Socket) => void} onSocket */
async function server(onSocket) {
  const made = createServer({ noDelay: true }, onSocket).listen(0, host);
  await once(made, "listening");
  return { port: made.address().port, close: () => made.close() };
}

/** A server of plain sockets that sends 1,024 lines, as often as wanted. Every reader of lines reads from it. */
const sender = (times) => server((socket) => {
  let left = times;
  const write = () => {
    while (left-- > 0) if (!socket.write(lines)) return void socket.once("drain", write);
    socket.end();
  };
  write();
});

async function ours(times, body) {
  const listener = await listen({ host, port: 0 });
  const serving = serve(listener, async (connection) => {
    for await (const chunk of connection) await connection.send(chunk);
  });
  const connection = await dial({ host, port: listener.address.port });
  const result = await body(connection, times);
  await connection.shutdown();
  await listener.shutdown();
  await serving;
  return result;
}

async function platform(body) {
  const { port, close } = await server((socket) => socket.on("data", (chunk) => socket.write(chunk)));
  const socket = connect({ host, port, noDelay: true });
  await once(socket, "connect");
  const result = await new Promise((resolve) => body(socket, resolve));
  socket.destroy();
  close();
  return result;
}

// -- Many small sends at once --

const small = "a small message of 30 bytes..\n";
const burst = 20_000;

/** Runs `body` with how many are to go out at once, until all have. */
async function inBursts(count, body) {
  for (let left = count; left > 0; left -= burst) await body(Math.min(left, burst));
  return count;
}

/** @param {import("node:net").Socket} socket */
const corkedWrites = (socket) => (count) => new Promise((resolve) => {
  let left = count;
  socket.cork();
  for (let n = 0; n < count; n++) socket.write(small, () => { if (--left === 0) resolve(); });
  socket.uncork();
});

/** Whoever sends to a server that reads and answers nothing, with TLS or without. */
async function toSink(withTls, body) {
  const onSocket = (socket) => { socket.on("error", () => undefined).resume(); };
  const certificate = withTls ? selfSigned() : undefined;
  const made = (withTls ? tls.createServer(certificate, onSocket) : createServer(onSocket)).listen(0, host);
  await once(made, "listening");
  await body({ host, port: made.address().port, ...(withTls && { ca: certificate.cert }) });
  made.close();
}

function selfSigned() {
  const made = execFileSync("openssl", ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
    "-subj", "/CN=localhost", "-addext", `subjectAltName=IP:${host}`, "-keyout", "-", "-out", "-"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [key, cert] = made.split(/(?=-----BEGIN CERT)/);
  return { key, cert };
}

const smallSends = (withTls) => ({
  "rendezvous": async (count) => {
    await toSink(withTls, async ({ ca, ...to }) => {
      const connection = await dial({ ...to, tls: withTls && { ca } });
      await inBursts(count, (many) => Promise.all(Array.from({ length: many }, () => connection.send(small))));
      connection.destroy();
    });
    return count;
  },
  "node:net, events": async (count) => {
    await toSink(withTls, async (to) => {
      const socket = withTls ? tls.connect(to) : connect({ ...to, noDelay: true });
      await once(socket, withTls ? "secureConnect" : "connect");
      await inBursts(count, corkedWrites(socket));
      socket.destroy();
    });
    return count;
  },
});

// -- A pipeline, as redis has it --

const ping = "*1\r\n$4\r\nPING\r\n";
const pipelined = 10_000;

/** A server that answers each `ping` by a line. */
const pongs = () => server((socket) => {
  let rest = 0;
  socket.on("data", (chunk) => {
    const bytes = rest + chunk.length;
    rest = bytes % ping.length;
    socket.write("+PONG\r\n".repeat((bytes - rest) / ping.length));
  });
  socket.on("error", () => undefined);
});

/** Each program gets how often, and gives how much it has seen. */
export const workloads = {
  "round-trip": {
    title: "64 bytes there and back",
    unit: "ns a round trip",
    expected: (count) => count * message.length,
    programs: {
      "rendezvous": (count) => ours(count, async (connection) => {
        let seen = 0;
        for (let n = 0; n < count; n++) {
          await connection.send(message);
          seen += (await connection.readExactly(message.length)).length;
        }
        return seen;
      }),
      "node:net, events": (count) => platform((socket, done) => {
        let seen = 0;
        socket.on("data", (chunk) => {
          seen += chunk.length;
          if (seen === count * message.length) done(seen);
          else if (seen % message.length === 0) socket.write(message);
        });
        socket.write(message);
      }),
    },
  },
  "echo": {
    title: "64 KiB pieces there and back, many on the way",
    unit: "ns a piece",
    expected: (count) => count * piece.length,
    programs: {
      "rendezvous": (count) => ours(count, async (connection) => {
        let seen = 0;
        const sending = (async () => {
          for (let n = 0; n < count; n++) await connection.send(piece);
          connection.close();
        })();
        for await (const chunk of connection) seen += chunk.length;
        await sending;
        return seen;
      }),
      // It has to heed `drain` at both ends, as ours does: without it the memory of the process is the buffer.
      "node:net, events": async (count) => {
        const { port, close } = await server((socket) => {
          socket.on("data", (chunk) => { if (!socket.write(chunk)) socket.pause(); });
          socket.on("drain", () => socket.resume());
        });
        const socket = connect({ host, port, noDelay: true });
        await once(socket, "connect");
        const seen = await new Promise((resolve) => {
          let sent = 0;
          let got = 0;
          const write = () => {
            while (sent < count) {
              sent++;
              if (!socket.write(piece)) return;
            }
          };
          socket.on("drain", write);
          socket.on("data", (chunk) => {
            got += chunk.length;
            if (got === count * piece.length) resolve(got);
          });
          write();
        });
        socket.destroy();
        close();
        return seen;
      },
    },
  },
  "lines": {
    title: "1,024 lines of some forty bytes",
    unit: "ns for all of them",
    expected: (count) => count * 1024,
    programs: {
      "rendezvous": async (count) => {
        const { port, close } = await sender(count);
        const connection = await dial({ host, port });
        let seen = 0;
        for await (const line of connection.lines()) if (line !== "") seen++;
        await connection.shutdown();
        close();
        return seen;
      },
      "node:readline, for await": async (count) => {
        const { port, close } = await sender(count);
        const socket = connect({ host, port });
        let seen = 0;
        for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) if (line !== "") seen++;
        close();
        return seen;
      },
      "node:readline, events": async (count) => {
        const { port, close } = await sender(count);
        const reader = createInterface({ input: connect({ host, port }), crlfDelay: Infinity });
        let seen = 0;
        reader.on("line", (line) => { if (line !== "") seen++; });
        await once(reader, "close");
        close();
        return seen;
      },
    },
  },
  "sends": {
    title: "small sends, 20,000 at once; node: corked",
    unit: "ns a send",
    expected: (count) => count,
    programs: smallSends(false),
  },
  "sends-tls": {
    title: "the same over TLS",
    unit: "ns a send",
    expected: (count) => count,
    programs: smallSends(true),
  },
  "pipeline": {
    title: "requests and their answers by line, 10,000 at once, as redis has them; node: corked",
    unit: "ns a request",
    expected: (count) => count,
    programs: {
      "rendezvous": async (count) => {
        const { port, close } = await pongs();
        const connection = await dial({ host, port });
        let seen = 0;
        for (let left = count; left > 0; left -= pipelined) {
          const many = Math.min(left, pipelined);
          const sending = Promise.all(Array.from({ length: many }, () => connection.send(ping)));
          for (let n = 0; n < many; n++) if ((await connection.readLine()) === "+PONG") seen++;
          await sending;
        }
        connection.destroy();
        close();
        return seen;
      },
      "node:net, events": async (count) => {
        const { port, close } = await pongs();
        const socket = connect({ host, port, noDelay: true });
        await once(socket, "connect");
        let seen = 0;
        for (let left = count; left > 0; left -= pipelined) {
          const many = seen + Math.min(left, pipelined);
          await new Promise((resolve) => {
            let rest = "";
            const read = (chunk) => {
              const lines = (rest + chunk).split("\r\n");
              rest = lines.pop();
              for (const line of lines) if (line === "+PONG") seen++;
              if (seen === many) socket.off("data", read), resolve();
            };
            socket.on("data", read);
            socket.cork();
            for (let n = seen; n < many; n++) socket.write(ping);
            socket.uncork();
          });
        }
        socket.destroy();
        close();
        return seen;
      },
    },
  },
};
