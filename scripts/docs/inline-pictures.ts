/** Pictures of the guides are put into the page itself, so that their colours are those of the page, whichever the reader has chosen. */
import { readFileSync } from "node:fs";
import { PageEvent, type Application } from "typedoc";

export function inlinePictures(site: Application): void {
  site.renderer.on(PageEvent.END, (page: PageEvent) => {
    if (page.contents === undefined) return;
    page.contents = page.contents.replaceAll(/<img src="[^"]*\/media\/([\w-]+)\.svg"[^>]*>/g, (whole, name: string) => {
      try {
        return readFileSync(`docs/pictures/${name}.svg`, "utf8").trim();
      } catch {
        return whole;
      }
    });
  });
}
