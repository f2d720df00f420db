/** The line of waiters: order, leaving from the middle, and its cost. */
import { expect } from "chai";
import fc from "fast-check";
import { WaitQueue, BareWaiter, withdraw, type Waiter } from "../../../src/core/wait-queue.ts";
import { seedOfRun } from "../../support/settle.ts";

class Person extends BareWaiter {
  readonly id: number;

  constructor(id: number) {
    super();
    this.id = id;
  }

  withdraw(): void {
    withdraw(this);
  }

  override resume(): void {
    throw new Error("a line resumes nobody");
  }
}

/** Everybody in line, first to last; the way back has to be the same. */
function walk(line: WaitQueue): Person[] {
  const forth: Person[] = [];
  for (let one = line.first; one !== undefined; one = one.next) forth.push(one as Person);
  const back: Person[] = [];
  for (let one: Waiter | undefined = forth.at(-1); one !== undefined; one = one.previous) back.unshift(one as Person);
  expect(back).to.deep.equal(forth);
  return forth;
}

const idsIn = (line: WaitQueue): number[] => walk(line).map((person) => person.id);

function queue(length: number): { line: WaitQueue; people: Person[] } {
  const line = new WaitQueue({ describe: () => "" });
  const people = Array.from({ length }, (_, id) => new Person(id));
  for (const person of people) line.join(person);
  return { line, people };
}

describe("Line", () => {
  it("is empty at first, and nothing can be taken from it", () => {
    const line = new WaitQueue({ describe: () => "" });
    expect(line.first).to.equal(undefined);
    expect(line.take()).to.equal(undefined);
  });

  it("gives people in the order in which they joined", () => {
    const { line, people } = queue(5);
    expect(idsIn(line)).to.deep.equal([0, 1, 2, 3, 4]);
    for (const person of people) {
      expect(line.first).to.equal(person);
      expect(line.take()).to.equal(person);
    }
    expect(line.first).to.equal(undefined);
  });

  for (const [where, leaving, staying] of [["first", 0, [1, 2]], ["middle", 1, [0, 2]], ["last", 2, [0, 1]]] as const) {
    it(`keeps the others in order when the ${where} one leaves`, () => {
      const { line, people } = queue(3);
      people[leaving]?.withdraw();
      expect(idsIn(line)).to.deep.equal(staying);
      const late = new Person(9);
      line.join(late);
      expect(idsIn(line)).to.deep.equal([...staying, 9]);
    });
  }

  it("forgets a waiter that left: no links, no place, nothing kept", () => {
    for (const leave of [(line: WaitQueue): unknown => line.take(), (line: WaitQueue): void => (line.first as Person | undefined)?.withdraw()]) {
      const { line, people } = queue(2);
      const [person, other] = people as [Person, Person];
      person.slot = "a value";
      leave(line);
      expect(person).to.include({ next: undefined, previous: undefined, place: undefined, slot: undefined });
      expect(other.previous).to.equal(undefined);
    }
  });

  it("is not harmed by a waiter that withdraws twice, or after having been taken (wait-queue.ts 2)", () => {
    const { line, people } = queue(3);
    people[1]?.withdraw();
    people[1]?.withdraw();
    line.take();
    people[0]?.withdraw();
    expect(idsIn(line)).to.deep.equal([2]);
  });

  it("lets a waiter that has left join again, at the end, or join another line (wait-queue.ts 3)", () => {
    const { line, people } = queue(3);
    const [person] = people as [Person];
    person.withdraw();
    line.join(person);
    expect(idsIn(line)).to.deep.equal([1, 2, 0]);
    person.withdraw();
    const other = new WaitQueue({ describe: () => "" });
    other.join(person);
    expect(idsIn(line)).to.deep.equal([1, 2]);
    expect(idsIn(other)).to.deep.equal([0]);
  });

  it("touches only the neighbours when a waiter leaves from the middle, however long the line is (wait-queue.ts 1)", () => {
    const touchesIn = (length: number): number => {
      let touches = 0;
      const line = new WaitQueue({ describe: () => "" });
      const people = Array.from({ length }, (_, id) => {
        const person = new Person(id);
        for (const link of ["next", "previous"] as const) {
          let target: Waiter | undefined;
          Object.defineProperty(person, link, {
            get: () => (touches++, target),
            set: (value: Waiter | undefined) => {
              touches++;
              target = value;
            },
          });
        }
        line.join(person);
        return person;
      });
      touches = 0;
      people[Math.floor(length / 2)]?.withdraw();
      line.take();
      return touches;
    };
    expect(touchesIn(20_000)).to.equal(touchesIn(20));
  });

  it("behaves like an array, over random joins, withdrawals and takings", () => {
    const step = fc.oneof(
      fc.constant({ kind: "join" } as const),
      fc.constant({ kind: "take" } as const),
      fc.record({ kind: fc.constant("withdraw" as const), who: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const line = new WaitQueue({ describe: () => "" });
        const model: Person[] = [];
        let made = 0;
        for (const taken of steps) {
          if (taken.kind === "join") {
            const person = new Person(made++);
            line.join(person);
            model.push(person);
          } else if (taken.kind === "take") expect(line.take()).to.equal(model.shift());
          else if (model.length > 0) model.splice(taken.who % model.length, 1)[0]?.withdraw();
          expect(walk(line)).to.deep.equal(model);
        }
      }),
      { seed: seedOfRun, numRuns: 300 },
    );
  });
});
