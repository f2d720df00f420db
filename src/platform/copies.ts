/**
 * Whether this copy of the library is the only one. A second one, which a dependency may have brought, knows nothing of the scopes and tasks of the
 * first: what waits in one is not cancelled by the other. No stack shows that, so a warning says it.
 */
const version = "0.1.0";
const key = Symbol.for("rendezvous");

const copies = ((globalThis as Record<symbol, unknown>)[key] ?? []) as string[];
copies.push(version);
Reflect.set(globalThis, key, copies);
if (copies.length === 2) {
  const { process } = globalThis as { process?: { emitWarning?: (message: string, options: { code: string }) => void } };
  const message = `rendezvous is loaded twice (${copies.join(" and ")}): neither copy cancels what waits in the other; "npm ls rendezvous" says who brings them`;
  if (process?.emitWarning) process.emitWarning(message, { code: "RENDEZVOUS_TWO_COPIES" });
  else console.warn(message);
}
