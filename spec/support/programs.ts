/**
 * Programs in a process of their own that are watched while they run: they import the built package by its name.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { textArguments } from "./runtime.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** How a process has ended. */
export interface Ended {
  code: number | null;
  signal: string | null;
  /** All that it wrote, on standard output and on standard error. */
  output: string;
  errors: string;
}

/** A program that runs. It must be killed in the end: a spec that fails leaves no process behind. */
export class RunningProgram {
  readonly #child: ChildProcess;
  #output = "";
  #errors = "";
  #over = false;
  readonly ended: Promise<Ended>;

  /** Starts a program: the text of a module. */
  constructor(text: string) {
    // Given as an argument, and run in the project's folder, it finds the package by its name.
    this.#child = spawn(process.execPath, textArguments(text), {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, RENDEZVOUS_DEBUG: "" },
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => { this.#output += chunk.toString(); });
    this.#child.stderr?.on("data", (chunk: Buffer) => { this.#errors += chunk.toString(); });
    this.ended = once(this.#child, "close").then(([code, signal]) => {
      this.#over = true;
      return { code: code as number | null, signal: signal as string | null, output: this.#output, errors: this.#errors };
    });
  }

  /** Waits until a line has been printed on standard output. */
  async printed(line: string): Promise<void> {
    while (!this.#output.split("\n").slice(0, -1).includes(line)) {
      if (this.#over) throw new Error(`the program has ended without printing "${line}": ${this.#output}${this.#errors}`);
      await Promise.race([once(this.#child.stdout ?? this.#child, "data"), this.ended]);
    }
  }

  send(signal: NodeJS.Signals): void {
    // By its number: Deno's `child.kill` reaches it once, and takes its end for that of the signal.
    if (!this.#over && this.#child.pid !== undefined) process.kill(this.#child.pid, signal);
  }

  kill(): void {
    this.send("SIGKILL");
  }
}
