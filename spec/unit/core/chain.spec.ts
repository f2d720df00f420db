/** The chain on which the registries of tasks, cancel scopes and waits lean. */
import { expect } from "chai";
import { Chain, type Linked } from "../../../src/support/chain.ts";

class Member implements Linked<Member> {
  before: Member | undefined = undefined;
  after: Member | undefined = undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const names = (chain: Chain<Member>): string => [...chain].map(({ name }) => name).join("");

/** Both directions agree, and the ends are ends. */
function soundness(chain: Chain<Member>): string {
  let backwards = "";
  let last = chain.first;
  while (last?.after) last = last.after;
  for (let member = last; member; member = member.before) backwards = member.name + backwards;
  return backwards;
}

describe("a chain", () => {
  for (const leaving of ["a", "b", "c", "ab", "ac", "bc", "ba", "cb", "abc", "cba", "bac"]) {
    it(`lets ${[...leaving].join(", then ")} leave, and keeps the others in order (chain.ts 1)`, () => {
      const chain = new Chain<Member>();
      const members = ["a", "b", "c"].map((name) => new Member(name));
      for (const member of members) chain.add(member);
      for (const name of leaving) chain.remove(members["abc".indexOf(name)] as Member);
      const left = ["a", "b", "c"].filter((name) => !leaving.includes(name)).join("");
      expect(names(chain)).to.equal(left);
      expect(soundness(chain)).to.equal(left);
      const late = new Member("d");
      chain.add(late);
      expect(names(chain)).to.equal(`${left}d`);
      expect(soundness(chain)).to.equal(`${left}d`);
    });
  }

  it("takes no harm from a member that leaves twice, or was never in it (chain.ts 2)", () => {
    const chain = new Chain<Member>();
    const [a, b, stranger] = [new Member("a"), new Member("b"), new Member("s")];
    chain.add(a);
    chain.add(b);
    chain.remove(stranger);
    chain.remove(a);
    chain.remove(a);
    expect(names(chain)).to.equal("b");
    expect(soundness(chain)).to.equal("b");
  });

  it("can be walked while the member at hand leaves", () => {
    const chain = new Chain<Member>();
    for (const name of "abcd") chain.add(new Member(name));
    let seen = "";
    for (const member of chain) {
      seen += member.name;
      chain.remove(member);
    }
    expect(seen).to.equal("abcd");
    expect(chain.first).to.equal(undefined);
  });
});
