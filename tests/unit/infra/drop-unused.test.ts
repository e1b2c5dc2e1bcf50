/** What the bundler may drop. */
import { join } from "node:path";
import { build } from "esbuild";
import { dropUnused, pure, single } from "../../../infra/build/drop-unused.ts";

const root = join(import.meta.dirname, "../../..");

/** The readable bundle of a module that uses these exports. */
async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    external: ["zod"],
    plugins: [dropUnused(root)],
  });
  return outputFiles[0]!.text;
}

describe("a bundle", () => {
  test("has the operation that it uses, and none of its area's others", async () => {
    const text = await bundle(
      'import { operations$read } from "./shared/subscriptions/contract.ts"; console.log(operations$read);',
    );
    expect(text).toContain('"subscriptions.read"');
    expect(text).not.toContain('"subscriptions.create"');
    expect(text).not.toContain("must not be sent together with startsAt");
  });

  test("has all operations of an area that is used as a whole", async () => {
    const text = await bundle('import { operations } from "./shared/threads/contract.ts"; console.log(operations);');
    for (const id of ["create", "list", "messages", "post", "read"]) expect(text).toContain(`"threads.${id}"`);
  });
});

describe("a module", () => {
  test("keeps its lines", () => {
    const source = [
      "const a = f();",
      "export const operations = {",
      "  // The first one.",
      "  read: operation({",
      '    id: "a.read",',
      "  }),",
      "  list: operation({ id: x.y }),",
      "} satisfies Operations;",
      "export const last = g(a);",
    ].join("\n");
    const lines = pure(source).split("\n");
    expect(lines).toHaveLength(9);
    expect(lines[4]).toBe('    id: "a.read",');
    expect(lines[8]).toBe("export const last = /* @__PURE__ */ (() => (g(a)))();");
  });

  test("evaluates to the same values", async () => {
    const source = `
      const twice = (value: number) => ({ value: 2 * value });
      const { value } = twice(21);
      export const operations = { read: twice(value), list: [...[value], \`\${value}\`] };
      export const constant = "x";`;
    const { outputFiles } = await build({
      stdin: { contents: pure(source), loader: "ts" },
      bundle: true,
      write: false,
      format: "esm",
    });
    const module = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`);
    expect(module.operations).toEqual({ read: { value: 84 }, list: [42, "42"] });
    expect(module.operations$read).toBe(module.operations.read);
    expect(module.constant).toBe("x");
  });

  test("with an operation that is not written out is refused", () => {
    expect(() => pure("export const operations = { ...others };")).toThrow("operations has a member");
  });
});

test("a function refers to its own operation; paths stay", () => {
  const source = 'import { operations } from "../../shared/a/contract.ts";\nserve(operations.read, "./operations.ts");';
  expect(single(source)).toBe(
    'import { operations$read } from "../../shared/a/contract.ts";\nserve(operations$read, "./operations.ts");',
  );
  expect(single('import { operations } from "../../shared/operations.ts";')).toBe(
    'import { operations } from "../../shared/operations.ts";',
  );
});
