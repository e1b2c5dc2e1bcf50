import { compromisePage, declaredFunctions } from "../../../infra/contract/compromise.ts";
import { systemFunctions, type FunctionDeclaration } from "../../../infra/constructs/function-declarations.ts";
import { operations } from "../../../shared/operations.ts";

const rightsIn = (declared: FunctionDeclaration) => compromisePage([declared]).split("\n## Functions\n\n")[1];

test("the page has every function once", () => {
  const ids = declaredFunctions().map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining([...operations, ...systemFunctions].map(({ id }) => id)));
  const [, functions = ""] = compromisePage().split("## Functions");
  const named = [...functions.matchAll(/^- (.*)$/gm)].flatMap(([, list = ""]) => list.replaceAll("`", "").split(", "));
  expect(named.sort()).toEqual([...ids].sort());
});

test("names what can be done to which partition, to secrets, and the attributes of an update", () => {
  const declared: FunctionDeclaration = {
    id: "a.b",
    table: [
      { actions: ["Query", "UpdateItem"], leadingKeys: ["PRINCIPAL#*"], attributes: ["version"] },
      { actions: ["BatchWriteItem"], leadingKeys: ["X#*"] },
    ],
    secrets: ["signingKeys"],
    secretActions: { signingKeys: ["PutSecretValue"] },
  };
  expect(rightsIn(declared)).toBe(
    [
      "- `a.b`",
      "  - reads `PRINCIPAL#*`",
      "  - creates and replaces `X#*`",
      "  - changes `PRINCIPAL#*` (only `version`)",
      "  - deletes `X#*`",
      "  - reads the secrets `signingKeys`",
      "  - does to the secret `signingKeys`: `PutSecretValue`",
      "",
    ].join("\n"),
  );
});

const writer = (attributes?: readonly string[]): FunctionDeclaration => ({
  id: "a.b",
  table: [{ actions: ["UpdateItem"], leadingKeys: ["PRINCIPAL#*"], ...(attributes && { attributes }) }],
});

test.each([
  ["names the role", writer(["role"]), "`a.b`"],
  ["names no attributes, and so may write all", writer(), "`a.b`"],
  ["names other attributes", writer(["version"]), "no function"],
])("an update of principals that %s", (_title, declared, expected) => {
  expect(compromisePage([declared])).toContain(`- Write a role: ${expected}.`);
});

test("no operation with the method GET may write", () => {
  const writes = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"];
  const reading = operations.filter(({ method }) => method === "GET");
  expect(reading.length).toBeGreaterThan(20);
  const writing = reading.filter(({ table }) => table.some(({ actions }) => actions.some((it) => writes.includes(it))));
  expect(writing.map(({ id }) => id)).toEqual([]);
});
