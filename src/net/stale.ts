/**
 * Unix sockets that nobody listens on any more: what a crash leaves in a folder.
 *
 * 1. Only a socket on which nobody answers is removed. A file, a fifo, a link (to a socket, too) stays.
 * 2. Starts over the same path take turns, so none removes the socket that another has just made. The turn is held by a name that the
 *    system frees when its process ends; where there are no such names, by a file beside the path, with the process's number in it.
 */
import { createHash } from "node:crypto";
import { lstat, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { resolve } from "node:path";
import { codeOf } from "./errors.ts";

/** Ends a turn. */
export type Release = () => void;

/** Removes what is stale at a path. Gives how to end the turn once something listens there; `undefined` when it is another's turn. */
export async function takeOver(path: string): Promise<Release | undefined> {
  const release = await turnAt(resolve(path));
  if (release !== undefined && (await isStale(path))) await unlink(path).catch(() => undefined);
  return release;
}

async function isStale(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isSocket() === true && (await answers(path)) === "ECONNREFUSED";
}

/** The code of the error with which a path answers, if it is one. */
function answers(path: string): Promise<string | undefined> {
  return new Promise((answered) => {
    const probe = connect({ path });
    const settle = (code?: string): void => {
      probe.destroy();
      answered(code);
    };
    probe.on("error", (error) => { settle(codeOf(error)); });
    probe.once("connect", () => { settle(); });
  });
}

async function turnAt(path: string): Promise<Release | undefined> {
  const turn = createServer();
  const name = `\0rendezvous ${createHash("sha256").update(path).digest("hex")}`;
  const code = await new Promise<string | undefined>((began) => {
    turn.once("error", (error) => { began(codeOf(error)); });
    turn.listen(name, () => { began(undefined); });
  });
  if (code === undefined) return () => { turn.close(); };
  return code === "EADDRINUSE" ? undefined : turnByFile(`${path}.lock`);
}

async function turnByFile(file: string): Promise<Release | undefined> {
  for (let tries = 0; tries < 2; tries++) {
    try {
      await writeFile(file, String(process.pid), { flag: "wx" });
      return () => { void rm(file, { force: true }); };
    } catch (error) {
      if (codeOf(error) !== "EEXIST") return () => undefined; // the folder is not ours to write in: listening there will fail
      if (await isHeld(file)) return undefined;
      await rm(file, { force: true });
    }
  }
  return undefined;
}

/** Whether the process that has written its number in a file is alive. */
async function isHeld(file: string): Promise<boolean> {
  const holder = Number(await readFile(file, "utf8").catch(() => "0"));
  try {
    return holder !== 0 && process.kill(holder, 0);
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}
