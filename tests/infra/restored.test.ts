/** The templates of a stage on a restored table, with copies elsewhere, beside those of the same stage without. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Assembly } from "../../infra/checks/assembly.ts";
import { findingsOf } from "../../infra/checks/report.ts";
import { exampleProduction, propertiesOf, resourcesOf, synthesized, templateOf, text } from "./support/templates.ts";
import restoredProduction from "./support/restored-production.ts";

const { restoredTable } = restoredProduction;
let before: Assembly;
let restored: Assembly;
let report: unknown;

beforeAll(async () => {
  before = await synthesized(exampleProduction, { validate: false });
  restored = await synthesized(
    { stageFile: "tests/infra/support/restored-production.ts" },
    {
      inspect: async (outDir) => {
        report = JSON.parse(await readFile(join(outDir, "validation-report.json"), "utf8"));
      },
    },
  );
}, 120_000);

describe("a stage on a restored table", () => {
  test("has no finding of cdk-nag or AWS's validator", () => {
    expect(findingsOf(report)).toEqual([]);
  });

  test("gives its name and the cut-off to every function", () => {
    for (const stack of ["Api", "Operations"]) {
      const functions = propertiesOf(templateOf(restored, stack), "AWS::Lambda::Function");
      expect(functions.length).toBeGreaterThan(0);
      for (const { Environment } of functions) {
        expect(Environment.Variables).toMatchObject({ TABLE_NAME: restoredTable, TOKENS_FROM: "1795294800" });
      }
    }
  });

  test("imports no table, and still exports its own, so one deployment changes both ways", () => {
    const ownTable = resourcesOf(templateOf(before, "Data"), "AWS::DynamoDB::Table")[0]![0];
    for (const [name, template] of Object.entries(restored.templates)) {
      if (!name.endsWith("-Data")) expect(JSON.stringify(template)).not.toContain(ownTable);
    }
    const exportsOf = (assembly: Assembly) => Object.keys(templateOf(assembly, "Data").Outputs ?? {});
    expect(exportsOf(restored)).toEqual(exportsOf(before));
  });

  test("reads the stream of the restored table, with the right to no other one", () => {
    const template = templateOf(restored, "Operations");
    const [{ EventSourceArn }] = propertiesOf(template, "AWS::Lambda::EventSourceMapping");
    expect(EventSourceArn).toBe(restoredProduction.restoredStream);
    const roles = resourcesOf(template, "AWS::IAM::Role").filter(([name]) => name.includes("webhookdispatch"));
    const readers = /"dynamodb:GetShardIterator"\],"Effect":"Allow","Resource":"([^"]+)"/.exec(JSON.stringify(roles));
    expect(readers?.[1]).toBe(restoredProduction.restoredStream);
  });

  test("watches the restored table with every alarm of the table", () => {
    const watched = (assembly: Assembly) =>
      propertiesOf(templateOf(assembly, "Operations"), "AWS::CloudWatch::Alarm").flatMap(({ Dimensions, Metrics }) =>
        [Dimensions ?? [], ...(Metrics ?? []).map((metric: any) => metric.MetricStat?.Metric.Dimensions ?? [])]
          .flat()
          .filter(({ Name }: { Name: string }) => Name === "TableName")
          .map(({ Value }: { Value: unknown }) => Value),
      );
    expect(watched(before).length).toBeGreaterThan(0);
    expect(watched(restored)).toEqual(watched(before).map(() => restoredTable));
  });

  test("runs the bootstrap, which publishes today's signing keys in it", () => {
    const [run] = propertiesOf(templateOf(restored, "Api"), "Custom::PorticoBootstrap");
    expect(run.Table).toBe(restoredTable);
  });
});

describe("copies elsewhere", () => {
  test("are absent unless a stage asks for them", () => {
    const data = templateOf(before, "Data");
    expect(Object.values(data.Resources).filter(({ Type }) => Type.startsWith("AWS::Backup::"))).toEqual([]);
    expect(JSON.stringify(data)).not.toMatch(/ReplicaRegions|MultiRegion/);
  });

  test("back up the table that is used, daily, and copy each backup to the other vault", () => {
    const data = templateOf(restored, "Data");
    const [{ BackupPlan: plan }] = propertiesOf(data, "AWS::Backup::BackupPlan");
    expect(plan.BackupPlanRule).toEqual([
      expect.objectContaining({
        ScheduleExpression: "cron(0 3 * * ? *)",
        Lifecycle: { DeleteAfterDays: 35 },
        CopyActions: [
          {
            DestinationBackupVaultArn: restoredProduction.copies?.dailyBackups?.copyTo,
            Lifecycle: { DeleteAfterDays: 35 },
          },
        ],
      }),
    ]);
    const [{ BackupSelection: selection }] = propertiesOf(data, "AWS::Backup::BackupSelection");
    expect(selection.Resources.map(text)).toEqual([expect.stringMatching(new RegExp(`:table/${restoredTable}$`))]);
  });

  test("lets the account of the copies read the key of the vault, and no other key", () => {
    const keys = propertiesOf(templateOf(restored, "Data"), "AWS::KMS::Key");
    const shared = keys.filter(({ KeyPolicy }) => JSON.stringify(KeyPolicy).includes("210987654321"));
    expect(shared.map(({ Description }) => Description)).toEqual(["Portico prod: backups"]);
  });

  test("replicate every secret, and the key of the table", () => {
    const data = templateOf(restored, "Data");
    for (const { ReplicaRegions } of propertiesOf(data, "AWS::SecretsManager::Secret")) {
      expect(ReplicaRegions).toEqual([{ Region: "eu-west-1" }]);
    }
    expect(propertiesOf(data, "AWS::KMS::Key").map(({ MultiRegion }) => MultiRegion)).toEqual([true, undefined]);
  });
});
