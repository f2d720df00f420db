/**
 * The facts of the README that are numbers, and its length. The others have specs of their own: the examples, the laws, the code blocks.
 */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { imports, sizeOf } from "../../scripts/size.ts";
import { root } from "./blocks.ts";

describe("the facts of the README", () => {
  const readme = readFileSync(`${root}README.md`, "utf8");

  it("there is no dependency at run time, and every peer is optional", () => {
    const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as Record<string, unknown>;
    expect(manifest).to.not.have.any.keys("dependencies", "optionalDependencies");
    const peers = manifest as { peerDependencies: object; peerDependenciesMeta: Record<string, { optional: boolean }> };
    for (const peer of Object.keys(peers.peerDependencies)) expect(peers.peerDependenciesMeta[peer], peer).to.deep.equal({ optional: true });
  });

  it("a bundle with a channel, and one with the usual imports, are smaller than it says", () => {
    const [, channel, most] = /A channel is under (\d+) kB .* under (\d+) kB/.exec(readme) ?? [];
    const sizes = Object.values(imports).map((names) => sizeOf(names));
    expect(sizes[0]).to.be.within(1000, Number(channel) * 1000);
    expect(sizes.at(-1)).to.be.within(1000, Number(most) * 1000);
  });

  it("it has at most 200 lines, and its first program stands within the first fifty", () => {
    const lines = readme.trimEnd().split("\n");
    expect(lines).to.have.length.at.most(200);
    expect(lines.indexOf("```ts")).to.be.within(1, 50);
  });

  it("the program of why not Promise.race is the one of the example", () => {
    const program = readFileSync(`${root}examples/09-why-not-promise-race.ts`, "utf8");
    const body = /async function arrivals[^]*?\n}\n\n(const .*\n)+/.exec(program)?.[0] ?? "not found";
    expect(readFileSync(`${root}docs/guides/why.md`, "utf8")).to.include(body);
  });
});
