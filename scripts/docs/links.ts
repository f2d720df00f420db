/**
 * Links both ways between pages and API: the first time that a page names something of the API, `chan` or `gather(jobs)`, the name is a link; and what
 * is named lists the guides, recipes and examples that name it.
 */
import { relative, resolve } from "node:path";
import { Comment, CommentTag, Converter, type Application, type CommentDisplayPart, type Context, type DeclarationReflection, type DocumentReflection, type ProjectReflection } from "typedoc";
import { madeOf } from "./pages.ts";

/** A page about one of these is listed there before others. */
const first = ["Guides", "Recipes", "Examples"];

/** How many pages of each section are listed. */
const atMost = 6;

export function linkBothWays(site: Application): void {
  site.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => {
    const api = apiOf(project);
    const named = new Map<DeclarationReflection, Set<DocumentReflection>>();
    for (const page of allPages(project)) {
      const source = madeOf.get(relative(process.cwd(), project.files.getReflectionPath(page) ?? ""));
      if (source !== undefined) project.files.registerReflectionPath(resolve(source) as never, page);
      for (const target of linked(page, api)) {
        const pages = named.get(target) ?? new Set();
        named.set(target, pages.add(page));
      }
    }
    for (const [target, pages] of named) listIn(target, [...pages]);
    if (project.readme !== undefined) project.readme = withLinks(project.readme, api).content;
  });
}

/** Every page, those below others as well. */
export function allPages(project: ProjectReflection): DocumentReflection[] {
  const below = (page: DocumentReflection): DocumentReflection[] => [page, ...(page.children ?? []).flatMap(below)];
  return (project.documents ?? []).flatMap(below);
}

/** What the modules export, by name; a name of the main module is its own. */
function apiOf(project: ProjectReflection): Map<string, DeclarationReflection> {
  const api = new Map<string, DeclarationReflection>();
  for (const module of project.children ?? []) for (const child of module.children ?? []) if (!api.has(child.name)) api.set(child.name, child);
  return api;
}

/** Make links of the names in a page's text; gives what it names there, and what its programs import. */
function linked(page: DocumentReflection, api: ReadonlyMap<string, DeclarationReflection>): Set<DeclarationReflection> {
  const { content, named } = withLinks(page.content, api);
  page.content = content;
  return named;
}

interface Linked {
  content: CommentDisplayPart[];
  named: Set<DeclarationReflection>;
}

function withLinks(parts: readonly CommentDisplayPart[], api: ReadonlyMap<string, DeclarationReflection>): Linked {
  const found = new Set<DeclarationReflection>();
  const used = new Set<DeclarationReflection>();
  const content = parts.map((part, index): CommentDisplayPart => {
    if (part.kind !== "code") return part;
    for (const [, names = ""] of part.text.matchAll(/^import \{([^}]*)\} from "rendezvous/gm)) {
      for (const name of names.split(",")) {
        const target = api.get(name.trim());
        if (target !== undefined) used.add(target);
      }
    }
    const [, name = ""] = /^`(\w+)(?:\([^`]*\))?`$/.exec(part.text) ?? [];
    const target = api.get(name);
    if (target === undefined || found.has(target) || inLinkOrHeading(parts, index)) return part;
    found.add(target);
    return { kind: "inline-tag", tag: "@linkcode", text: part.text.slice(1, -1), target };
  });
  return { content, named: new Set([...found, ...used]) };
}

/** A link in a link is none, and the anchor of a heading is made of its text. */
function inLinkOrHeading(content: readonly CommentDisplayPart[], index: number): boolean {
  const before = content.slice(0, index).map(({ text }) => text).join("");
  const line = before.slice(before.lastIndexOf("\n") + 1);
  return line.startsWith("#") || line.lastIndexOf("[") > line.lastIndexOf("]");
}

/** Add the pages to what the API says, below everything else; those that name it most often first. */
function listIn(target: DeclarationReflection, pages: readonly DocumentReflection[]): void {
  const name = new RegExp(`\\b${target.name}\\b`, "g");
  const times = (page: DocumentReflection): number => page.content.reduce((sum, part) => sum + (part.text.match(name)?.length ?? 0), 0);
  for (const section of first) {
    const here = pages.filter((page) => sectionOf(page) === section).sort((a, b) => times(b) - times(a)).slice(0, atMost);
    if (here.length === 0) continue;
    const content = here.flatMap((page, index): CommentDisplayPart[] => [
      { kind: "text", text: index === 0 ? `${section}: ` : ", " },
      { kind: "inline-tag", tag: "@link", text: page.name, target: page },
    ]);
    const holder = target.signatures?.[0] ?? target;
    holder.comment ??= new Comment();
    holder.comment.blockTags.push(new CommentTag("@see", content));
  }
}

/** The section of a page; those of recipes are below others. */
const sectionOf = ({ frontmatter }: DocumentReflection): unknown => frontmatter["category"] ?? frontmatter["group"];
