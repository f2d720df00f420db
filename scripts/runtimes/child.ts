/** Programs in processes of their own: bounded in time, ended with everything that they started. */
import { spawn } from "node:child_process";

/** What a program did. */
export interface Outcome {
  /** Its exit code; without one a signal has ended it. */
  code: number | undefined;
  /** It took longer than it may, and was ended. */
  late: boolean;
  output: string;
  errors: string;
  seconds: number;
}

export interface How {
  /** The folder that it runs in. */
  folder: string;
  /** How long it may take. */
  seconds: number;
  env?: Readonly<Record<string, string>>;
  /** Called with its output so far; `send` sends it a signal. */
  printed?: (output: string, send: (signal: NodeJS.Signals) => void) => void;
  /** Ends it, when it aborts. */
  until?: AbortSignal;
}

/** Run a program to its end. */
export function run(command: string, options: readonly string[], { folder, seconds, env = {}, printed, until }: How): Promise<Outcome> {
  const began = performance.now();
  const child = spawn(command, options, { cwd: folder, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  let errors = "";
  let late = false;
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL"); // the whole group
    } catch {
      // It has ended.
    }
  };
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, seconds * 1000);
  until?.addEventListener("abort", kill);
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    printed?.(output, (signal) => child.kill(signal));
  });
  child.stderr.on("data", (chunk: Buffer) => { errors += chunk.toString(); });
  return new Promise((resolve) => {
    const end = (code: number | null): void => {
      clearTimeout(timer);
      until?.removeEventListener("abort", kill);
      kill(); // what it has left behind
      resolve({ code: code ?? undefined, late, output, errors, seconds: (performance.now() - began) / 1000 });
    };
    child.on("error", (error) => {
      errors += String(error);
      end(null);
    });
    child.on("close", end);
  });
}

/** How a program failed, for a report. */
export function failureOf({ code, late, output, errors, seconds }: Outcome): string {
  const how = late ? `took longer than ${seconds.toFixed(0)} s` : code === undefined ? "was ended by a signal" : `ended with the code ${code}`;
  return `${how}\n${tail(output)}${tail(errors)}`.trimEnd();
}

const tail = (text: string): string => (text.length > 4000 ? `...${text.slice(-4000)}\n` : text === "" ? "" : `${text.trimEnd()}\n`);
