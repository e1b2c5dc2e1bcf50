import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startHost } from "../../../infra/local/host.ts";
import {
  apiResources,
  functionResource,
  methodResource,
  rootResource,
  tableResource,
  temporaryFolder,
  writeAssembly,
  type TemporaryFolder,
} from "./fixture.ts";

const template = {
  Resources: {
    ...apiResources,
    AuthorizerFunction: functionResource("echo"),
    Echo: functionResource("echo"),
    Get: methodResource(rootResource, "GET", "Echo"),
    Things: tableResource(),
    Key: { Type: "AWS::SecretsManager::Secret", Properties: { Name: "key", GenerateSecretString: {} } },
  },
};

let assembly: TemporaryFolder;
beforeAll(() => {
  assembly = writeAssembly(
    { Fixture: template },
    { echo: "export const handler = async () => ({ statusCode: 200 });" },
  );
});
afterAll(() => assembly.remove());

let data: TemporaryFolder;
let other: TemporaryFolder;
beforeEach(() => {
  data = temporaryFolder();
  other = temporaryFolder();
});
afterEach(() => {
  data.remove();
  other.remove();
});

const file = (name: string, { folder } = data): string => join(folder, name);

/** Starts a host on a data folder and stops it; returns the secret that the start found or made. */
async function startAndStop({ folder } = data): Promise<string | undefined> {
  const host = await startHost({ assembly: assembly.folder, dataDir: folder });
  try {
    return host.secrets.current(host.model.secrets[0]!.arn);
  } finally {
    await host.close();
  }
}

function moveTable(from: TemporaryFolder, to: TemporaryFolder): void {
  for (const ending of ["", "-wal", "-shm"]) {
    rmSync(file(`table.db${ending}`, to), { force: true });
    if (existsSync(file(`table.db${ending}`, from))) {
      renameSync(file(`table.db${ending}`, from), file(`table.db${ending}`, to));
    }
  }
}

/** The one line with which a start refuses the data folder. */
async function refusal(): Promise<string> {
  const line = await startAndStop().then(
    () => "it started",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  expect(line).not.toContain("\n");
  return line;
}

test("a second start finds the data of the first", async () => {
  const secret = await startAndStop();
  expect(secret).toHaveLength(32);
  expect(await startAndStop()).toBe(secret);
});

test.each(["table.db", "secrets.json"])("a start without the %s of its data is refused", async (missing) => {
  await startAndStop();
  rmSync(file(missing));
  const line = await refusal();
  expect(line).toMatch(new RegExp(`${missing} is missing.*put it back, or delete .* to start with an empty table$`));
  // A refused start leaves the folder as it was, so that the file can be put back.
  expect(existsSync(file(missing))).toBe(false);
});

test("a table of a different data folder is refused: these secrets do not fit it", async () => {
  await startAndStop();
  await startAndStop(other);
  moveTable(other, data);
  expect(await refusal()).toMatch(
    /table.db is not the table .*put it back, or delete .* to start with an empty table$/,
  );
});

test("secrets of a different data folder are refused: the table's data was made with others", async () => {
  await startAndStop();
  await startAndStop(other);
  renameSync(file("secrets.json", other), file("secrets.json"));
  expect(await refusal()).toMatch(/secrets.json does not hold the secrets .*put it back, or delete/);
});

test("a table file that is no database is refused", async () => {
  await startAndStop();
  for (const ending of ["", "-wal", "-shm"]) rmSync(file(`table.db${ending}`), { force: true });
  writeFileSync(file("table.db"), "not a database".repeat(100));
  expect(await refusal()).toMatch(/the local DynamoDB engine did not start/);
});

test.each([
  ["a different version", '{"version":0}'],
  ["no version", undefined],
])("data of %s is refused", async (_, written) => {
  await startAndStop();
  if (written === undefined) rmSync(file("data.json"));
  else writeFileSync(file("data.json"), written);
  expect(await refusal()).toMatch(
    /holds data of a different version of Portico: delete it to start with an empty table$/,
  );
});

test.each(["data.json", "secrets.json", "custom-resources.json"])(
  "a %s that is not what a host wrote is refused by its name",
  async (name) => {
    await startAndStop();
    writeFileSync(file(name), '{"half":');
    expect(await refusal()).toMatch(new RegExp(`^cannot read .*${name.replace(".", "\\.")}: .*; delete .* to start`));
    expect(readFileSync(file(name), "utf8")).toBe('{"half":');
  },
);
