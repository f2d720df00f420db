/**
 * The site: `npm run docs` writes it into `docs-out`, by typedoc, with the settings of typedoc.json. A warning is an error.
 *
 * 1. The API stands in reading order, under the headings of the index files: `docs/order.ts`.
 * 2. Each example and each recipe is a page of its own, made from the files that the specs run: `docs/pages.ts`.
 * 3. Where a page names a function, it links to it, and the function links back: `docs/links.ts`.
 * 4. Search looks at titles, at keywords, and at texts, in this order: `docs/search.ts`.
 * 5. Pictures are part of the page, so that they follow its colours: `docs/inline-pictures.ts`.
 */
import { Application } from "typedoc";
import { linkBothWays } from "./docs/links.ts";
import { inOrder } from "./docs/order.ts";
import { makePages } from "./docs/pages.ts";
import { inlinePictures } from "./docs/inline-pictures.ts";
import { searchable } from "./docs/search.ts";

const pages = makePages("docs-out/pages");
const site = await Application.bootstrapWithPlugins({ projectDocuments: pages });
inOrder(site);
linkBothWays(site);
searchable(site);
inlinePictures(site);

const project = await site.convert();
if (project !== undefined) {
  site.validate(project);
  if (!site.logger.hasErrors() && !site.logger.hasWarnings()) await site.generateOutputs(project);
}
process.exitCode = project === undefined || site.logger.hasErrors() || site.logger.hasWarnings() ? 1 : 0;
