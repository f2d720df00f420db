/**
 * Leaks in tests of `node:test`, run by Bun and Deno: `bun test ./spec/runtimes/leaks.test.js`, `deno test -A spec/runtimes/leaks.test.js`.
 * The second and third test are meant to fail; `npm run runtimes` checks what the runner prints of them.
 */
import { afterEach, beforeEach, test } from "node:test";
import { chan, go } from "rendezvous";
import { leakHooks } from "rendezvous/testing";

const hooks = leakHooks();
beforeEach(hooks.beforeEach);
afterEach(hooks.afterEach);

test("fine", async () => { await go(() => 1); });

test("leaks", () => {
  go(async function left() { await chan({ name: "nobody" }).receive(); });
});

test("stuck", { timeout: 500 }, async () => {
  go(async function server() { await chan({ name: "requests" }).receive(); });
  await chan({ name: "replies" }).receive();
});
