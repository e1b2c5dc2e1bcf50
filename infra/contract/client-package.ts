/**
 * The typed client of a partner as an npm package: an archive without compression. Text alone passes through API Gateway without a
 * list of binary media types, which would change every other answer, and npm installs an uncompressed archive as well.
 */
import { createHash } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type typescriptModule from "typescript";
import packageJson from "../../package.json" with { type: "json" };
import { progress } from "../build/progress.ts";
import { projectRoot } from "./document.ts";
import { partnerDocument } from "./partner-contract.ts";
import { tarOf } from "./tar.ts";

export const packageName = "portico-partner-client";

/** Generating and compiling take seconds, and `npm start` builds each time. */
const cacheFolder = join(projectRoot, "node_modules/.cache/portico-client");

const readme = `# ${packageName}

The typed client of a Portico, made from its contract. It has no dependencies and runs wherever \`fetch\` exists.

\`\`\`ts
import { createClient, Portico } from "${packageName}";

const portico = new Portico({ client: createClient({ baseUrl: "https://api.example.com", auth: () => accessToken }) });
const { data, error } = await portico.subscriptions.list({ query: { limit: 100 } });
\`\`\`

A webhook is verified with the secret of its endpoint, or with its public key:

\`\`\`ts
import { verifyWebhook } from "${packageName}";

const event = await verifyWebhook(await request.text(), request.headers, process.env.WEBHOOK_SECRET);
\`\`\`

The API serves its documentation under \`/docs\`.
`;

/** The archive as text. The same contract gives the same text. */
export async function clientPackage(): Promise<string> {
  const document = partnerDocument();
  const sources = ["client-package.ts", "client.ts", "verify-webhook.ts"].map((name) =>
    readFileSync(join(import.meta.dirname, name), "utf8"),
  );
  const versions = [packageJson.devDependencies["@hey-api/openapi-ts"], packageJson.devDependencies.typescript];
  const key = createHash("sha256")
    .update(JSON.stringify([document, sources, versions]))
    .digest("hex")
    .slice(0, 24);
  const cached = join(cacheFolder, `${key}.tar`);
  const known = await readFile(cached, "utf8").catch(() => undefined);
  if (known !== undefined) return known;
  progress("making the partner's client, which is needed once for each contract");
  const archive = await makePackage(document);
  await mkdir(cacheFolder, { recursive: true });
  // Two builds at once must not read half a file.
  await writeFile(`${cached}.${process.pid}`, archive);
  await rename(`${cached}.${process.pid}`, cached);
  return archive.toString();
}

async function makePackage(document: Readonly<Record<string, unknown>>): Promise<Buffer> {
  // Loading the generator and the compiler takes a second, which a build with a cached archive saves.
  const { generateClient } = await import("./client.ts");
  const { default: typescript } = await import("typescript");
  const folder = mkdtempSync(join(tmpdir(), "portico-client-"));
  try {
    const sources = join(folder, "src");
    await generateClient(document, sources);
    await writeFile(
      join(sources, "main.ts"),
      `export * from "./index.ts";\nexport * from "./verify-webhook.ts";\nexport { createClient, createConfig } from "./client/index.ts";\n`,
    );
    // The compiler makes ECMAScript modules of files below such a package.
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    const { version } = document["info"] as { readonly version: string };
    return tarOf({
      "package/package.json": `${JSON.stringify(manifest(version), undefined, 2)}\n`,
      "package/README.md": readme,
      "package/LICENSE": readFileSync(join(projectRoot, "LICENSE"), "utf8"),
      // The generator copies parts of itself into the client.
      "package/LICENSE-hey-api": readFileSync(join(projectRoot, "node_modules/@hey-api/openapi-ts/LICENSE.md"), "utf8"),
      ...compile(typescript, sources, join(folder, "dist")),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function manifest(version: string): object {
  return {
    name: packageName,
    version,
    description: "The typed client of a Portico, for partners",
    license: packageJson.license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: { ".": { types: "./dist/main.d.ts", default: "./dist/main.js" } },
  };
}

/** JavaScript and declarations of the sources, as files of the archive. @throws Error when they do not compile */
function compile(ts: typeof typescriptModule, sources: string, outDir: string): Record<string, string> {
  const program = ts.createProgram(
    globSync("**/*.ts", { cwd: sources }).map((name) => join(sources, name)),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
      types: [],
      rootDir: sources,
      outDir,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      allowImportingTsExtensions: false,
      skipLibCheck: true,
      newLine: ts.NewLineKind.LineFeed,
    },
  );
  const files: Record<string, string> = {};
  const { diagnostics } = program.emit(undefined, (path, text) => {
    files[`package/dist/${relative(outDir, path)}`] = text;
  });
  const faults = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (faults.length > 0) {
    throw new Error(`the client does not compile: ${ts.flattenDiagnosticMessageText(faults[0]?.messageText, " ")}`);
  }
  return files;
}
