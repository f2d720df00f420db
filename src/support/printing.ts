/**
 * How things print: what they are, and how they stand, in one line. Never a value that was sent. Looking changes nothing, and is seen by no controller.
 *
 * `toString` says it; `console.log` of Node and Bun, and that of Deno, ask by these symbols. The methods are their classes', so that no object pays.
 */
export const forNode: unique symbol = /* @__PURE__ */ Symbol.for("nodejs.util.inspect.custom");
export const forDeno: unique symbol = /* @__PURE__ */ Symbol.for("Deno.customInspect");

/** Objects that print as their `toString` says. */
export abstract class Printed {
  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }
}

/** So many of them: `1 receiver waits`, `2 receivers wait`. */
export function counted(count: number, who: string, verb: string): string {
  return count === 1 ? `1 ${who} ${verb}s` : `${String(count)} ${who}s ${verb}`;
}

/** A name, and how it stands, as far as there is something to say. */
export function withFacts(name: string, ...facts: readonly (string | false)[]): string {
  const said = facts.filter((fact) => fact !== false && fact !== "");
  return said.length === 0 ? name : `${name} (${said.join(", ")})`;
}

const phrase = /^(to|for) /;

/** Who waits for what, after "waits in" or the like: `waits in receive on channel "jobs"`, but `waits to acquire semaphore "db"`. */
export function waitingFor(verb: string, operation: string): string {
  return `${phrase.test(operation) ? verb.replace(/ in$/, "").replace("blocked", "waits") : verb} ${operation}`;
}

/** The same operation as one of several in a list. */
export const asCase = (operation: string): string => operation.replace(phrase, "");

/** An object without a class prints so; its members stay its own. */
export function printedAs<T extends object>(members: T, text: () => string): T {
  const how = Object.create(Object.prototype, { toString: { value: text }, [forNode]: { value: text }, [forDeno]: { value: text } }) as object;
  return Object.setPrototypeOf(members, how) as T;
}
