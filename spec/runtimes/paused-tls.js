/**
 * RT-06 without the library: a client of `node:tls` that pauses, and reads again once its peer has ended. `node spec/runtimes/paused-tls.js`, and with
 * `bun` or `deno run -A`.
 *
 * Node and Bun hold some of the bytes while it is paused, and it sees the end. Deno holds all of them, and it sees neither 'end' nor 'close'.
 */
import { execFileSync } from "node:child_process";
import { connect, createServer } from "node:tls";

const host = "127.0.0.1";
const made = execFileSync("openssl", ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=localhost",
  "-addext", `subjectAltName=IP:${host}`, "-keyout", "-", "-out", "-"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const [key, cert] = made.split(/(?=-----BEGIN CERT)/);
const all = Buffer.alloc(8 * 1024 * 1024, "x");

const server = createServer({ key, cert }, (socket) => socket.on("error", () => undefined).end(all)).listen(0, host, () => {
  let got = 0;
  const socket = connect({ host, port: server.address().port, ca: cert });
  const give = (what, code) => {
    console.log(`${what}: ${got} of ${all.length} bytes have come`);
    process.exit(code);
  };
  socket.once("data", () => {
    socket.pause();
    setTimeout(() => {
      console.log(`while paused the socket has read ${socket.bytesRead} bytes`);
      socket.resume();
    }, 300);
  });
  socket.on("data", (chunk) => { got += chunk.length; });
  socket.on("end", () => give("the end", 0));
  setTimeout(() => give("no end within 3 s", 1), 3000);
});
