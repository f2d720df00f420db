/**
 * What search looks at: titles first, then keywords and headings of pages, then texts. Words with a hyphen, which lunr cuts in two, are kept whole as
 * well, and found without it: "backpressure".
 */
import { IndexEvent, type Application, type Reflection } from "typedoc";

/** How much a word counts, by where it stands. */
const weights = { keywords: 8, headings: 4, whole: 0.3 };

export function searchable(site: Application): void {
  site.renderer.on(IndexEvent.PREPARE_INDEX, (event: IndexEvent) => {
    Object.assign(event.searchFieldWeights, weights);
    for (const [index, one] of event.searchResults.entries()) {
      // A list is a list of words: lunr cuts none of them.
      event.searchFields[index] = { ...event.searchFields[index], ...(fieldsOf(one) as Record<string, string>) };
      if (/Like\b/.test(one.getFullName())) one.relevanceBoost = 0.1; // the shape of another library's object, which nobody looks for
      else if (one.isDocument()) one.relevanceBoost = 1.5;
      else if (one.isDeclaration() && one.parent?.parent?.isProject() !== true) one.relevanceBoost = 0.7; // a member: its class comes first
    }
  });
}

function fieldsOf(one: Reflection): Record<string, string | string[]> {
  if (!one.isDocument()) return {};
  const text = one.content.map((part) => part.text).join("");
  const keywords = String(one.frontmatter["keywords"] ?? "").split(/, ?/).flatMap((keyword) => [...new Set([...keyword.split(" "), ...keyword.split(/[ -]/)])]);
  const headings = [...text.replaceAll(/^```[^]*?^```/gm, "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return { keywords, headings: headings.join("\n"), whole: (text.match(/\b\w+(?:-\w+)+\b/g) ?? []).flatMap((word) => [word, word.replaceAll("-", "")]) };
}
