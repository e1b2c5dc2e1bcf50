/**
 * Lets the bundler drop constants of `shared/` that a function does not use, such as the schemas of the other operations of its
 * area. The bundler keeps every constant whose value it does not know to be without effects, and each schema takes time at every
 * cold start. Modules of `shared/` have no effects when they are loaded, so a constant that nobody reads can go.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import ts from "typescript";

/** Replaces the text from `start` to `end`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const pureStart = "/* @__PURE__ */ (() => (";
const pureEnd = "))()";

/** The plugin of the bundler. @param root of the project */
export function dropUnused(root: string): Plugin {
  return {
    name: "drop-unused",
    setup: (build) => {
      build.onLoad({ filter: /[\\/]shared[\\/].*\.ts$/, namespace: "file" }, async ({ path }) =>
        path.startsWith(join(root, "shared"))
          ? { contents: pure(await readFile(path, "utf8")), loader: "ts" }
          : undefined,
      );
      build.onLoad({ filter: /[\\/]functions[\\/].*\.ts$/, namespace: "file" }, async ({ path }) =>
        path.startsWith(join(root, "functions"))
          ? { contents: single(await readFile(path, "utf8")), loader: "ts" }
          : undefined,
      );
    },
  };
}

/**
 * The module with each constant marked as free of effects, and with a constant of its own for each operation. Lines stay where
 * they are.
 *
 * @param source TypeScript
 */
export function pure(source: string): string {
  const file = ts.createSourceFile("module.ts", source, ts.ScriptTarget.Latest, true);
  const edits = file.statements
    .filter((statement) => ts.isVariableStatement(statement))
    .flatMap((statement) => statement.declarationList.declarations.flatMap((one) => editsOf(statement, one)));
  return edited(source, edits);
}

function editsOf(statement: ts.VariableStatement, { name, initializer }: ts.VariableDeclaration): readonly Edit[] {
  if (initializer === undefined) return [];
  if (name.getText() === "operations" && ts.isObjectLiteralExpression(withoutType(initializer))) {
    return split(statement, withoutType(initializer) as ts.ObjectLiteralExpression);
  }
  if (!mayHaveEffects(initializer)) return [];
  return [
    { start: initializer.getStart(), end: initializer.getStart(), text: pureStart },
    { start: initializer.getEnd(), end: initializer.getEnd(), text: pureEnd },
  ];
}

/** `operations = { read: operation(…) }` becomes `operations$read = operation(…)` and an object of these. */
function split(statement: ts.VariableStatement, { properties }: ts.ObjectLiteralExpression): readonly Edit[] {
  const assignments = properties.filter((property) => ts.isPropertyAssignment(property));
  if (assignments.length < properties.length) throw new Error("operations has a member that is no assignment");
  let from = statement.getStart();
  const constants = assignments.map(({ name, initializer }): readonly Edit[] => {
    const text = `export const operations$${name.getText()} = ${pureStart}`;
    const edits = [
      { start: from, end: initializer.getStart(), text: withLines(statement, from, initializer.getStart(), text) },
      { start: initializer.getEnd(), end: initializer.getEnd(), text: `${pureEnd};` },
    ];
    from = initializer.getEnd();
    return edits;
  });
  const members = assignments.map(({ name }) => `${name.getText()}: operations$${name.getText()}`);
  const text = `export const operations = ${pureStart}{ ${members.join(", ")} }${pureEnd};`;
  const rest = { start: from, end: statement.getEnd(), text: withLines(statement, from, statement.getEnd(), text) };
  return [...constants.flat(), rest];
}

/** A text in the place of another one, with as many line breaks before it. */
function withLines(statement: ts.Node, start: number, end: number, text: string): string {
  const replaced = statement.getSourceFile().text.slice(start, end);
  return "\n".repeat(replaced.split("\n").length - 1) + text;
}

/** The function with a reference to its operation instead of the object of all operations of its area. */
export function single(source: string): string {
  const statement = /import \{ operations \} from ("[^"]*contract\.ts");/.exec(source);
  if (statement === null) return source;
  const names = new Set([...source.matchAll(/(?<![\w/])operations\.(\w+)/g)].map(([, name]) => `operations$${name}`));
  const [whole, from] = statement;
  const imported = `import { ${[...names].join(", ")} } from ${from};`;
  return source
    .replace(whole, () => imported)
    .replace(/(?<![\w/])operations\.(\w+)/g, (_whole, name) => `operations$${name}`);
}

function withoutType(node: ts.Expression): ts.Expression {
  return ts.isSatisfiesExpression(node) || ts.isAsExpression(node) ? withoutType(node.expression) : node;
}

/** Whether the bundler has to assume so: it contains a call or a read of a member, outside functions. */
function mayHaveEffects(node: ts.Node): boolean {
  if (ts.isFunctionLike(node) || ts.isAwaitExpression(node)) return false;
  return (
    ts.isCallExpression(node) ||
    ts.isNewExpression(node) ||
    ts.isPropertyAccessExpression(node) ||
    ts.isElementAccessExpression(node) ||
    ts.isTemplateExpression(node) ||
    ts.isSpreadAssignment(node) ||
    ts.isSpreadElement(node) ||
    (ts.forEachChild(node, (child) => mayHaveEffects(child) || undefined) ?? false)
  );
}

function edited(source: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((one, other) => other.start - one.start || other.end - one.end)
    .reduce((text, { start, end, text: inserted }) => text.slice(0, start) + inserted + text.slice(end), source);
}
