import assert from "node:assert/strict";
import { test } from "node:test";
import { bubble } from "rendezvous/testing";
import { cookAll } from "./kitchen.ts";

test("two cooks share the orders", async () => {
  await bubble(async () => {
    assert.deepEqual(await cookAll(["soup", "tea", "pancakes", "rice"], 2), [
      "tea by cook 2",
      "soup by cook 1",
      "rice by cook 1",
      "pancakes by cook 2",
    ]);
    assert.equal(performance.now(), 1100); // of virtual time: the test itself takes none
  });
});
