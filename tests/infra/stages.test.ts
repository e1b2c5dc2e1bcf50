import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import exampleProduction from "../../infra/checks/example-production.ts";
import dev from "../../infra/stages/dev.ts";
import { allStages, findStage } from "../../infra/stages/find-stage.ts";
import local from "../../infra/stages/local.ts";
import prod from "../../infra/stages/prod.ts";
import { fillIn, type IdentityProvider, type Stage } from "../../infra/stages/stage.ts";
import { unfilled, validateStage } from "../../infra/stages/validation.ts";

describe("a stage", () => {
  test("is a file with its name: dev, local and prod exist", async () => {
    expect(await allStages()).toEqual([dev, local, prod]);
  });

  test("is dev when none is named", async () => {
    expect(await findStage({})).toEqual(dev);
  });

  test("is found by its name", async () => {
    expect(await findStage({ stage: "local" })).toEqual(local);
  });

  test.each([["staging"], [""], ["PROD"], [7], ["validation"]])(
    "%j does not exist and is refused in one line that lists the stages",
    async (stage) => {
      await expect(findStage({ stage })).rejects.toThrow(/^unknown stage .*choose one of dev, local, prod, or add .*$/);
    },
  );

  test("can be a file outside the folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "portico-stage-"));
    try {
      const file = join(folder, "ours.ts");
      await writeFile(file, `export default ${JSON.stringify({ ...dev, name: "ours" })};`);
      expect(await findStage({ stageFile: file })).toEqual({ ...dev, name: "ours" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.each([["infra/stages/none.ts"], ["infra/stages/validation.ts"]])(
    "is refused in one line where its file %s holds none",
    async (stageFile) => {
      await expect(findStage({ stageFile })).rejects.toThrow(
        /^infra\/stages\/\w+\.ts exports no stage by default: see .*$/,
      );
    },
  );
});

describe("settings", () => {
  test.each([dev, local, exampleProduction])("of $name are consistent", (stage) => {
    expect(() => validateStage(stage)).not.toThrow();
  });

  test.each<[string, Partial<Stage>, RegExp]>([
    ["a name that CloudFormation refuses", { name: "my_stage" }, /name is a letter/],
    ["a public URL by http", { publicUrl: "http://api.example.com" as "https://" }, /public URL is https/],
    ["a public URL with a slash at the end", { publicUrl: "https://api.example.com/" }, /slash at the end/],
    ["a public URL that is none", { publicUrl: "https://api example" }, /public URL is https/],
    ["a repository that is none", { repository: "portico:*" }, /repository is owner/],
    ["an account that is none", { account: "12345" }, /12 digits/],
    ["a Region that is none", { region: "Frankfurt" }, /Region is named/],
    [
      "an invalid alarm address",
      { operations: { ...dev.operations, alarms: { page: "nobody", ticket: "a@b.example" } } },
      /alarm address/,
    ],
    [
      "an objective of 100 %",
      { operations: { ...dev.operations, objectives: { ...dev.operations.objectives, availability: 1 } } },
      /objective is a share/,
    ],
    [
      "a budget of nothing",
      { operations: { ...dev.operations, monthlyBudgetDollars: 0 } },
      /budgets are greater than 0/,
    ],
    ["a share of traces above 1", { operations: { ...dev.operations, traceShare: 2 } }, /between 0 and 1/],
    [
      "runbooks without https",
      { operations: { ...dev.operations, runbooksUrl: "http://git.example.com/runbooks" } },
      /runbooks' URL is https/,
    ],
    ["a rate of zero", { throttle: { rateLimitPerSecond: 0, burstLimit: 1 } }, /refuses every call/],
    ["a canary of all traffic", { canary: { percent: 100, minutes: 5 } }, /a canary has between/],
    ["a canary of no time", { canary: { percent: 10, minutes: 0 } }, /a canary has between/],
    ["no public client", { publicClients: [] }, /there must be one/],
    ["a public client with a blank", { publicClients: ["a b"] }, /visible ASCII/],
    ["sessions of no time", { sessions: { ...dev.sessions, maxAgeSeconds: 0 } }, /maximum age of a session/],
    ["sessions of a fraction", { sessions: { ...dev.sessions, maxAgeSeconds: 900.5 } }, /maximum age of a session/],
    [
      "sessions that end before their access tokens",
      { sessions: { ...dev.sessions, administratorMaxAgeSeconds: 899 } },
      /at least as long as an access token/,
    ],
    ["no session for anybody", { sessions: { ...dev.sessions, maxPerUser: 0 } }, /at least one session/],
    ["too many sessions", { sessions: { ...dev.sessions, maxPerUser: 51 } }, /at most 50/],
    [
      "a rate of zero",
      { partnerLimits: { ...dev.partnerLimits, requestsPerSecond: 0 } },
      /rate is a positive whole number/,
    ],
    ["a burst of one second", { partnerLimits: { ...dev.partnerLimits, burst: 25 } }, /in 2 to 60 seconds/],
    ["a burst of minutes", { partnerLimits: { ...dev.partnerLimits, burst: 1501 } }, /in 2 to 60 seconds/],
    ["an endless quota", { partnerLimits: { ...dev.partnerLimits, requestsPerMonth: 1e9 } }, /at most 9 digits/],
    ["a cut-off without seconds", { tokensFrom: "2026-11-21T21:00Z" }, /tokensFrom is a time/],
    ["a restored table without a cut-off", { restoredTable: "restored" }, /needs tokensFrom/],
    [
      "a restored table without its stream",
      { restoredTable: "restored", tokensFrom: "2026-11-21T21:00:00Z" },
      /needs restoredStream/,
    ],
    [
      "a restored table with the stream of a different one",
      {
        restoredTable: "restored",
        tokensFrom: "2026-11-21T21:00:00Z",
        restoredStream: "arn:aws:dynamodb:eu-central-1:123456789012:table/former/stream/2026-11-21T21:00:00.000",
      },
      /needs restoredStream/,
    ],
    ["a stream without a restored table", { restoredStream: "arn" }, /is the stream of a restored table/],
    [
      "a restored table by its ARN",
      { restoredTable: "table/x", tokensFrom: "2026-11-21T21:00:00Z" },
      /name of a table/,
    ],
    [
      "backups that are kept for no time",
      { copies: { dailyBackups: { keptDays: 0 } } },
      /positive whole number of days/,
    ],
    [
      "a copy into something that is no vault",
      { copies: { dailyBackups: { keptDays: 1, copyTo: "portico" } } },
      /ARN of a backup vault/,
    ],
    ["replicas in a place that is no Region", { copies: { secretRegions: ["Ireland"] } }, /as in eu-west-1/],
    [
      "replicas of secrets in their own Region",
      { region: "eu-west-1", copies: { secretRegions: ["eu-west-1"] } },
      /other Regions than their own/,
    ],
    [
      "webhooks to private addresses in production",
      { production: true, webhooksToPrivateAddresses: true },
      /no webhooks to private addresses/,
    ],
    ["protection of what is destroyed", { deletionProtection: true }, /cannot be destroyed/],
  ])("with %s are refused in one line", (_what, change, reason) => {
    expect(() => validateStage({ ...dev, ...change })).toThrow(reason);
    expect(() => validateStage({ ...dev, ...change })).toThrow(/^stage .*$/);
  });

  test.each([["https://console.example.com/"], ["console.example.com"], ["https://a.example/b"]])(
    "with the origin %s, which is none, are refused",
    (origin) => {
      expect(() => validateStage({ ...dev, corsOrigins: [origin] })).toThrow(/an origin is a scheme and a host/);
    },
  );
});

describe("a hosted zone", () => {
  const hostedZone = { id: "Z0123456789ABCDEFGHIJ", name: "example.com" };
  const url = (publicUrl: Stage["publicUrl"]): Stage => ({ ...dev, publicUrl, hostedZone });

  test.each([["https://api.example.com"], ["https://example.com"]] as const)("holds %s", (publicUrl) => {
    expect(() => validateStage(url(publicUrl))).not.toThrow();
  });

  test.each<[Stage["publicUrl"], RegExp]>([
    ["execute-api", /hosted zone needs a public URL/],
    ["https://api.example.org", /no host of the hosted zone/],
    ["https://apiexample.com", /no host of the hosted zone/],
    ["https://api.example.com/portico", /no host of the hosted zone/],
  ])("does not fit the public URL %s", (publicUrl, reason) => {
    expect(() => validateStage(url(publicUrl))).toThrow(reason);
  });

  test("is refused with an invalid id", () => {
    const wrong = { ...url("https://api.example.com"), hostedZone: { ...hostedZone, id: "/hostedzone/Z1" } };
    expect(() => validateStage(wrong)).toThrow(/id of a hosted zone/);
  });
});

describe("tokens", () => {
  const never = { partnerAccessSeconds: "never", userAccessSeconds: "never" } as const;

  test.each([prod, local])("of the stage $name live 60 min for partners and 15 min for users", ({ tokenLifetimes }) => {
    expect(tokenLifetimes).toEqual({ partnerAccessSeconds: 3600, userAccessSeconds: 900 });
  });

  test("of dev may never expire", () => {
    expect(() => validateStage({ ...dev, tokenLifetimes: never })).not.toThrow();
  });

  test.each([local, exampleProduction])("of $name must expire", (stage) => {
    expect(() => validateStage({ ...stage, tokenLifetimes: never })).toThrow(/never expire are for the dev stage only/);
  });

  test.each([[0], [-1], [1.5], [Number.NaN]])("that live %d seconds are refused", (userAccessSeconds) => {
    const stage: Stage = { ...dev, tokenLifetimes: { ...dev.tokenLifetimes, userAccessSeconds } };
    expect(() => validateStage(stage)).toThrow(/whole number of seconds/);
  });
});

describe("production", () => {
  test("lists all missing settings in one line", () => {
    const operations = { ...exampleProduction.operations, alarms: { page: fillIn, ticket: fillIn } };
    const stage: Stage = { ...exampleProduction, publicUrl: fillIn, operations };
    expect(unfilled(stage)).toEqual(["publicUrl", "operations.alarms.page", "operations.alarms.ticket"]);
    expect(() => validateStage(stage)).toThrow(
      /^stage prod: fill in publicUrl, operations.alarms.page, operations.alarms.ticket in infra\/stages\/prod.ts$/,
    );
  });

  test.each<[string, Partial<Record<keyof Stage, unknown>>]>([
    ["its account", { account: undefined }],
    ["its Region", { region: undefined }],
    ["a URL of its own", { publicUrl: "execute-api", hostedZone: undefined }],
    ["a URL that no parameter moves", { publicUrl: "parameter", hostedZone: undefined }],
    ["alarm addresses", { operations: { ...exampleProduction.operations, alarms: undefined } }],
    ["deletion protection", { deletionProtection: false }],
    ["point-in-time recovery", { pointInTimeRecovery: false }],
    ["retained data", { removalPolicy: "destroy" }],
    ["the firewall", { waf: false }],
    ["a log level above DEBUG", { logLevel: "DEBUG" }],
    ["an identity provider of its own, or none", { identityProvider: "parameter" }],
    ["origins by https", { corsOrigins: ["http://console.example.com"] }],
    ["origins one by one", { corsOrigins: ["*"] }],
    ["tokens that expire", { tokenLifetimes: { partnerAccessSeconds: "never", userAccessSeconds: 900 } }],
  ])("is refused without %s", (_what, change) => {
    expect(() => validateStage({ ...exampleProduction, ...change } as Stage)).toThrow(/^stage prod: \S/);
  });

  test("lists all contradictions in one line", () => {
    const wrong: Stage = { ...exampleProduction, deletionProtection: false, waf: false };
    expect(() => validateStage(wrong)).toThrow(/deletion protection; .*firewall/);
  });

  test("cannot lose its protection under a different name", () => {
    expect(() => validateStage({ ...exampleProduction, name: "eu", deletionProtection: false })).toThrow(/^stage eu/);
  });
});

describe("an identity provider", () => {
  const provider = exampleProduction.identityProvider as IdentityProvider;

  test("may sign with several algorithms", () => {
    const stage: Stage = { ...dev, identityProvider: { ...provider, algorithms: ["ES256", "EdDSA"] } };
    expect(() => validateStage(stage)).not.toThrow();
  });

  test.each<[string, Partial<IdentityProvider>, RegExp]>([
    ["an issuer by http", { issuer: "http://id.example.com" }, /issuer is an https URL/],
    ["keys by http", { jwksUri: "http://id.example.com/jwks" }, /JWKS URI is an https URL/],
    ["no audience", { audience: "" }, /need an audience/],
    ["HS256, whose key the verifier knows", { algorithms: ["HS256"] }, /asymmetric algorithms only/],
    ["none, which nobody signs", { algorithms: ["none"] }, /asymmetric algorithms only/],
    ["HS256 beside RS256", { algorithms: ["RS256", "HS256"] }, /asymmetric algorithms only/],
    ["no algorithm", { algorithms: [] }, /asymmetric algorithms only/],
  ])("with %s is refused", (_what, change, reason) => {
    const stage: Stage = { ...exampleProduction, identityProvider: { ...provider, ...change } };
    expect(() => validateStage(stage)).toThrow(reason);
  });
});
