/**
 * The order of the site: the API as the index files have it, under their headings, `// Channels`; members as their source has them; pages as they were
 * listed, by the `order` of their front matter first, in the sections below.
 */
import { readFileSync } from "node:fs";
import { Comment, CommentTag, Converter, ReflectionKind, type Application, type Context, type ContainerReflection, type DeclarationReflection, type Reflection } from "typedoc";

/** The sections of the site, as its list of contents has them. */
export const sections: readonly string[] = ["Start", "Guides", "Coming from", "API", "Recipes", "Examples", "Errors"];

/** The names that an index file exports, in its order, with the headings that they stand under. */
export function headings(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let heading: string | undefined;
  for (const [, title, names, name] of text.matchAll(/^\/\/ (.*)$|^export (?:type )?\{([^}]*)\}|^export function (\w+)/gm)) {
    heading = title ?? heading;
    for (const one of (names ?? name)?.replace(/,\s*$/, "").split(",") ?? []) found.set(one.replace(/^\s*(type )?/, "").trim(), heading ?? "");
  }
  return found;
}

/** The modules: the main one, what stands on it, what tests it. */
const modules: readonly string[] = ["rendezvous", "rendezvous/net", "rendezvous/flow", "rendezvous/sync", "rendezvous/nats", "rendezvous/testing", "rendezvous/debug"];

/** The files that modules of these names are made from. */
const files: Readonly<Record<string, readonly string[]>> = {
  "rendezvous": ["src/index.ts"],
  "rendezvous/testing": ["src/testing/browser.ts", "src/testing/index.ts"],
};

const headingsOf = (module: string): Map<string, string> =>
  new Map((files[module] ?? [`src/${module.replace("rendezvous/", "")}${module.endsWith("/debug") ? "" : "/index"}.ts`]).flatMap((file) => [...headings(readFileSync(file, "utf8"))]));

export function inOrder(site: Application): void {
  const order = new Map<Reflection, number>();
  site.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => {
    for (const page of project.documents ?? []) {
      page.frontmatter["category"] = page.frontmatter["group"];
      delete page.frontmatter["group"];
    }
    for (const made of project.getReflectionsByKind(ReflectionKind.Constructor)) project.removeReflection(made); // functions of the library make them
    for (const module of project.children ?? []) {
      categorise(module, "API");
      const names = headingsOf(module.name);
      for (const [index, [name, heading]] of [...names].entries()) {
        const member = module.children?.find((child) => child.name === name);
        if (member === undefined) throw new Error(`${module.name} exports ${name}, which the site does not have`);
        order.set(member, index);
        categorise(member, heading);
      }
      for (const { name } of module.children ?? []) if (!names.has(name)) throw new Error(`${module.name} has ${name}, which its index file does not list`);
    }
  });
  site.converter.on(Converter.EVENT_RESOLVE_END, ({ project }: Context) => {
    for (const module of project.children ?? []) order.set(module, modules.indexOf(module.name));
    const placeOf = (one: Reflection): number => (one.isDocument() ? Number((one).frontmatter["order"] ?? 1000) : order.get(one) ?? 0);
    const sort = (container: ContainerReflection): void => {
      for (const list of [container.children, container.childrenIncludingDocuments, ...(container.categories ?? []).map(({ children }) => children)]) {
        list?.sort((a, b) => placeOf(a) - placeOf(b));
      }
    };
    sort(project);
    project.categories?.sort((a, b) => sections.indexOf(a.title) - sections.indexOf(b.title));
    for (const module of project.children ?? []) {
      sort(module);
      const titles = [...new Set(headingsOf(module.name).values())];
      module.categories?.sort((a, b) => titles.indexOf(a.title) - titles.indexOf(b.title));
    }
  }, -10_000);
}

/** Put something under a heading, as a `@category` in its comment would. */
function categorise(one: DeclarationReflection, category: string): void {
  if (category === "") return;
  const holder = one.signatures?.[0] ?? one;
  holder.comment ??= new Comment();
  holder.comment.blockTags.push(new CommentTag("@category", [{ kind: "text", text: category }]));
}
