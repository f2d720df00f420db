import { run } from "rendezvous";
import { cookAll } from "./kitchen.ts";

await run(async () => {
  for (const dish of await cookAll(["soup", "tea", "pancakes", "rice"], 2)) console.log(dish);
});
