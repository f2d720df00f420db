/**
 * The environment's variables, where the platform has them and lets them be read.
 */

/** What is needed of the platform: Node's `process`, and Deno's permissions, which hold for that as well. */
interface Platform {
  process?: { env?: Readonly<Record<string, string | undefined>> };
  Deno?: { permissions?: { querySync?(of: { name: "env"; variable: string }): { state: string } } };
}

/** What the variable says, if it may be read without asking anybody: Deno would ask at the terminal, or throw. */
export function variable(name: string): string | undefined {
  const { process, Deno } = globalThis as Platform;
  try {
    const permission = Deno?.permissions?.querySync?.({ name: "env", variable: name });
    return permission && permission.state !== "granted" ? undefined : process?.env?.[name];
  } catch {
    return undefined; // it may not be read
  }
}
