/**
 * Virtual time: what `Date`, `performance.now` and `Math.random` give while a run is under control.
 */

/** The instant at which virtual time begins: the first of January 2000, in UTC. */
export const epoch = 946_684_800_000;

/** Let the globals tell virtual time, in milliseconds since the beginning, and these random numbers; the result undoes it. */
export function installVirtualClock(now: () => number, random?: () => number): () => void {
  const real = { Date, random: Math.random, now: Object.getOwnPropertyDescriptor(performance, "now") };
  const instant = (): number => epoch + now();
  globalThis.Date = new Proxy(real.Date, {
    apply: () => new real.Date(instant()).toString(),
    construct: (target, given: unknown[], newTarget: new () => object) =>
      Reflect.construct(target, given.length > 0 ? given : [instant()], newTarget) as object,
    get: (target, key) => (key === "now" ? instant : (Reflect.get(target, key) as unknown)),
  });
  performance.now = now;
  if (random) Math.random = random;
  return () => {
    globalThis.Date = real.Date;
    if (real.now) Object.defineProperty(performance, "now", real.now);
    else Reflect.deleteProperty(performance, "now");
    Math.random = real.random;
  };
}
