/**
 * The concurrency structure of real bugs, as GoBench collects them (GoKer; https://doi.org/10.1109/CGO51591.2021.9370317): what `explore` finds
 * in each with its defaults, and its verdict on each when it is mended. The programs are written anew, from the descriptions of the bugs.
 */
import { expect } from "chai";
import { explore, ExploreError, replay, type ExploreOptions, type ExploreReport } from "../../../../src/testing/index.ts";
import { rejectionOf } from "../../../support/settle.ts";
import { cockroach } from "./cockroach.ts";
import { etcd } from "./etcd.ts";
import { grpc } from "./grpc.ts";
import { kubernetes } from "./kubernetes.ts";
import { moby } from "./moby.ts";
import { others } from "./others.ts";
import type { Kernel } from "./support.ts";

const kernels: readonly Kernel[] = [...grpc, ...etcd, ...kubernetes, ...moby, ...cockroach, ...others];
const programOf = ({ program }: Kernel, mended: boolean) => (context: Parameters<Kernel["program"]>[1]) => program(mended, context);

async function findingIn(kernel: Kernel, options?: ExploreOptions): Promise<ExploreError> {
  const error = await rejectionOf(explore(programOf(kernel, false), options));
  expect(error).to.be.instanceOf(ExploreError);
  return error as ExploreError;
}

/** What the defaults say of the mended one; asked once for each. */
const reports = new Map<Kernel, Promise<ExploreReport>>();
function mended(kernel: Kernel): Promise<ExploreReport> {
  const report = reports.get(kernel) ?? explore(programOf(kernel, true));
  reports.set(kernel, report);
  return report;
}

describe("kernels of real bugs", () => {
  for (const kernel of kernels) {
    describe(`${kernel.id}: ${kernel.fault}`, () => {
      const { kind } = kernel;

      it(`explore finds the ${kind} by its defaults, and replay repeats it`, async () => {
        const found = await findingIn(kernel);
        expect(found.kind).to.equal(kind);
        expect((await replay(programOf(kernel, false), found.schedule)).kind).to.equal(kind);
      });

      it("dpor finds it, and never calls it proven without an assumption", async function () {
        this.timeout(30_000); // some have to be tried in all orders, twice
        const kinds = new Set<string>();
        for (const timers of ["quiescent", "race"] as const) {
          const report = await explore(programOf(kernel, false), { strategy: "dpor", timers }).catch((error: unknown) => error as ExploreError);
          if (report instanceof ExploreError) kinds.add(report.kind);
          else expect(report.complete ? report.assumed : ["timers: quiescent"]).to.deep.equal(["timers: quiescent"]);
        }
        expect([...kinds]).to.deep.equal([kind]);
      });

      it("explore raises no alarm when it is mended", async () => {
        await mended(kernel);
      });

      it("dpor proves the mended one, in at most 300 schedules", async () => {
        expect((await explore(programOf(kernel, true), { strategy: "dpor", maxSchedules: 300 })).complete).to.equal(true);
      });
    });
  }

  describe("all of them", () => {
    it("EX-10 are at least 40, and the defaults prove four fifths of the mended ones", async () => {
      let proven = 0;
      for (const kernel of kernels) if ((await mended(kernel)).complete) proven++;
      expect(kernels).to.have.length.at.least(40);
      expect(proven, `of ${kernels.length}`).to.be.at.least(0.8 * kernels.length);
    });
  });
});
