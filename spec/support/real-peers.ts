/**
 * Peers from outside of this project: redis, nginx, openssl, curl, ... Their specs run where they are on the PATH; where not, mocha counts
 * them as pending under a title that says what is missing, and a small peer of the specs' own covers the same everywhere.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { once } from "node:events";

const children = new Set<ChildProcess>();
const folders: string[] = [];

/** Where a program is; Debian keeps some servers in folders that only root has on the PATH. */
export function whereIs(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/lib/postgresql/15/bin"];
  return folders.map((folder) => join(folder, program)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A spec that needs programs of this machine. */
export function itWith(programs: string | readonly string[], title: string, body: () => Promise<void>): void {
  const missing = [programs].flat().filter((program) => whereIs(program) === undefined);
  if (missing.length === 0) it(title, body).timeout(30_000);
  else it.skip(`${title} (not run: no ${missing.join(", ")} on the PATH)`, body);
}

/** Starts a program that `endPeers` ends. */
export function peer(program: string, args: readonly string[], options: { uid?: number } = {}): ChildProcess {
  const child = spawn(whereIs(program) ?? program, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
  children.add(child);
  child.on("error", () => undefined);
  for (const stream of child.stdio) stream?.on("error", () => undefined);
  child.on("exit", () => children.delete(child));
  return child;
}

/** The first line of its output, or of its errors, that matches. */
export async function lineOf(child: ChildProcess, wanted: RegExp): Promise<RegExpExecArray> {
  const found = new Promise<RegExpExecArray>((resolve, reject) => {
    for (const input of [child.stdout, child.stderr]) {
      if (input) createInterface(input).on("line", (line) => { const match = wanted.exec(line); if (match) resolve(match); });
    }
    child.on("close", (code) => { reject(new Error(`${child.spawnfile} has ended with ${code} before it said ${wanted}`)); });
  });
  return found;
}

/** All that it prints, to its end. */
export async function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr?.resume();
  await once(child, "close");
  return output;
}

/** A port that is free now, for programs that cannot choose one by themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A folder that `endPeers` removes. */
export function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), "rendezvous-peer-"));
  folders.push(folder);
  return folder;
}

/** Ends all that was started here. For `afterEach`. */
export async function endPeers(): Promise<void> {
  await Promise.all([...children].map((child) => {
    const ended = once(child, "exit"); // 'close' would wait for what it has started
    child.kill("SIGTERM"); // so that it ends that, too
    return ended;
  }));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
