/** The pages that the build has rendered beside a function: see `pages` of a declaration. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { file, type Content } from "../../http/content.ts";
import { basePathOf, publicClients, type Environment } from "../../runtime/environment.ts";
import { escaped, framedContent } from "../frame.ts";

/** The folder of the pages, beside the function's bundle. */
export const pageFolder = "pages";

/** What a page has in place of values that only the deployment knows. */
export const pagePlaceholders = { basePath: "__BASE_PATH__", publicUrl: "__PUBLIC_URL__", clientId: "__CLIENT_ID__" };

/** The pages load, run and call nothing but Portico. */
const policy = { "script-src": "'self'", "connect-src": "'self'", "img-src": "'self' data:" };

export interface ServedPages {
  /** The page of this name; undefined if there is none. */
  find(name: string, environment: Environment): Content | undefined;
}

/**
 * Reads each page on first use. The caller's text is compared with the names and never becomes part of a path.
 *
 * @param folder the function's own, `import.meta.dirname` of its entry point
 */
export function openPages(folder: string): ServedPages {
  const names = new Set(readdirSync(join(folder, pageFolder)));
  const contents = new Map<string, Content>();
  return {
    find(name, environment) {
      const file = `${name}.html`;
      if (!names.has(file)) return undefined;
      const known = contents.get(name);
      if (known !== undefined) return known;
      const html = readFileSync(join(folder, pageFolder, file), "utf8");
      const content = framedContent(filledIn(html, environment), policy);
      contents.set(name, content);
      return content;
    },
  };
}

/** A file that names the deployment, such as the Postman collection, with its URL; other files are the same everywhere. */
export function withPublicUrl(name: string, content: Content, { PUBLIC_URL }: Environment): Content {
  if (!content.text.includes(pagePlaceholders.publicUrl)) return content;
  return file(name, content.text.replaceAll(pagePlaceholders.publicUrl, PUBLIC_URL));
}

function filledIn(html: string, environment: Environment): string {
  const [clientId = ""] = publicClients(environment);
  return html
    .replaceAll(pagePlaceholders.basePath, escaped(basePathOf(environment)))
    .replaceAll(pagePlaceholders.publicUrl, escaped(environment.PUBLIC_URL))
    .replaceAll(pagePlaceholders.clientId, escaped(clientId));
}
