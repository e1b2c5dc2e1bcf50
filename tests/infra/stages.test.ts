import type { OperationsSettings } from "../../infra/stages/operations.ts";
import { dev, local, prod, stageFrom, stages, validateStage, type Stage } from "../../infra/stages/stage.ts";

const context =
  (values: Readonly<Record<string, unknown>>) =>
  (key: string): unknown =>
    values[key];

describe("a stage", () => {
  test.each(stages.map((stage) => [stage.name, stage] as const))("%s has no contradictory settings", (_name, stage) => {
    expect(() => validateStage(stage)).not.toThrow();
  });

  test("is dev by default", () => {
    expect(stageFrom(context({}))).toEqual(dev);
  });

  test.each(stages.map(({ name }) => [name]))("%s is selected by name", (name) => {
    expect(stageFrom(context({ stage: name })).name).toBe(name);
  });

  test.each([["staging"], [""], ["PROD"], [7]])(
    "rejects an unknown name (%j) in one line with the valid ones",
    (name) => {
      expect(() => stageFrom(context({ stage: name }))).toThrow(/^unknown stage .*dev, prod, local$/);
    },
  );

  test("takes the addresses for alarms and the public URL from the context", () => {
    const addresses = { pageAddress: "+4915112345678", ticketAddress: "ops@example.com" };
    const stage = stageFrom(context({ stage: "prod", ...addresses, publicUrl: "https://api.example.com" }));
    expect(stage.publicUrl).toBe("https://api.example.com");
    expect(stage.operations.alarms).toEqual({ page: "+4915112345678", ticket: "ops@example.com" });
  });

  test.each([
    [{ pageAddress: "nobody", ticketAddress: "ops@example.com" }],
    [{ pageAddress: "0151 1234", ticketAddress: "ops@example.com" }],
    [{ publicUrl: "http://api.example.com" }],
    [{ publicUrl: "https://api.example.com/" }],
    [{ tokensNeverExpire: "yes" }],
  ])("rejects the context %j", (values) => {
    expect(() => stageFrom(context({ stage: "prod", ...values }))).toThrow(/^(context|stage prod)/);
  });
});

describe("the settings of operations", () => {
  test.each<[string, Partial<OperationsSettings>, RegExp]>([
    ["an address that is none", { alarms: { page: "nobody", ticket: "ops@example.com" } }, /alarm address/],
    [
      "an objective of 100 %",
      { objectives: { ...dev.operations.objectives, availability: 1 } },
      /objective is a share/,
    ],
    ["a budget of nothing", { monthlyBudgetDollars: 0 }, /budgets are greater than 0/],
    ["a share of traces above 1", { traceShare: 2 }, /between 0 and 1/],
    ["runbooks by http", { runbooksUrl: "http://git.example.com/runbooks" }, /runbooks' URL is https/],
    ["runbooks with a slash at the end", { runbooksUrl: "https://git.example.com/runbooks/" }, /without a slash/],
  ])("refuse %s", (_what, change, reason) => {
    expect(() => validateStage({ ...dev, operations: { ...dev.operations, ...change } })).toThrow(reason);
  });
});

describe("tokens", () => {
  test.each([prod, local])(
    "of the stage $name are valid for 60 min (partners) and 15 min (users)",
    ({ tokenLifetimes }) => {
      expect(tokenLifetimes).toEqual({ partnerAccessSeconds: 3600, userAccessSeconds: 900 });
    },
  );

  test.each([["true"], [true]])("of dev never expire if configured so (%j)", (value) => {
    const { tokenLifetimes } = stageFrom(context({ tokensNeverExpire: value }));
    expect(tokenLifetimes).toEqual({ partnerAccessSeconds: "never", userAccessSeconds: "never" });
  });

  test("of dev expire by default", () => {
    expect(stageFrom(context({ tokensNeverExpire: "false" })).tokenLifetimes).toEqual(prod.tokenLifetimes);
  });

  test.each([["prod"], ["local"]])("that never expire are rejected in %s", (stage) => {
    expect(() => stageFrom(context({ stage, tokensNeverExpire: "true" }))).toThrow(/never expire/);
  });

  test.each([[0], [-1], [1.5], [Number.NaN]])("that are valid for %d seconds are rejected", (userAccessSeconds) => {
    const stage: Stage = { ...dev, tokenLifetimes: { ...dev.tokenLifetimes, userAccessSeconds } };
    expect(() => validateStage(stage)).toThrow(/whole number of seconds/);
  });
});

describe("production", () => {
  test.each<[string, Partial<Stage>]>([
    ["deletion protection", { deletionProtection: false }],
    ["point-in-time recovery", { pointInTimeRecovery: false }],
    ["retained data", { removalPolicy: "destroy" }],
    ["the firewall", { waf: false }],
    ["a log level above DEBUG", { logLevel: "DEBUG" }],
    ["a URL of its own", { publicUrl: "parameter" }],
    ["an identity provider of its own, or none", { identityProvider: "parameter" }],
    ["origins by https", { corsOrigins: ["http://console.example.com"] }],
    ["origins one by one", { corsOrigins: ["*"] }],
    ["tokens that expire", { tokenLifetimes: { partnerAccessSeconds: "never", userAccessSeconds: 900 } }],
  ])("is rejected without %s", (_what, change) => {
    expect(() => validateStage({ ...prod, ...change })).toThrow(/^stage prod: \S/);
  });

  test("reports every contradiction in one line", () => {
    const wrong: Stage = { ...prod, deletionProtection: false, waf: false };
    expect(() => validateStage(wrong)).toThrow(/deletion protection; .*firewall/);
  });

  test("keeps its protection under a different name", () => {
    expect(() => validateStage({ ...prod, name: "eu", deletionProtection: false })).toThrow(/^stage eu/);
  });
});

describe("an identity provider", () => {
  const provider = {
    issuer: "https://id.example.com",
    audience: "portico",
    algorithms: ["RS256"],
    jwksUri: "https://id.example.com/jwks",
  };
  const fromContext = {
    idpIssuer: provider.issuer,
    idpAudience: provider.audience,
    idpJwksUri: provider.jwksUri,
  };

  test("is absent by default", () => {
    expect(stageFrom(context({ stage: "prod" })).identityProvider).toBeUndefined();
  });

  test.each([["dev"], ["prod"]])("of %s comes from the context and uses RS256 by default", (stage) => {
    expect(stageFrom(context({ stage, ...fromContext })).identityProvider).toEqual(provider);
  });

  test("can use several algorithms", () => {
    const { identityProvider } = stageFrom(context({ ...fromContext, idpAlgorithms: "ES256,EdDSA" }));
    expect(identityProvider).toMatchObject({ algorithms: ["ES256", "EdDSA"] });
  });

  test.each(["idpIssuer", "idpAudience", "idpJwksUri"])("is rejected without %s", (missing) => {
    const partial = { ...fromContext, [missing]: undefined };
    expect(() => stageFrom(context({ stage: "prod", ...partial }))).toThrow(
      "an identity provider needs idpIssuer, idpAudience and idpJwksUri together",
    );
  });

  test.each<[string, Partial<typeof provider>, RegExp]>([
    ["an issuer by http", { issuer: "http://id.example.com" }, /issuer is an https URL/],
    ["keys by http", { jwksUri: "http://id.example.com/jwks" }, /JWKS URI is an https URL/],
    ["no audience", { audience: "" }, /need an audience/],
    ["HS256, whose key the verifier knows", { algorithms: ["HS256"] }, /asymmetric algorithms only/],
    ["none, which nobody signs", { algorithms: ["none"] }, /asymmetric algorithms only/],
    ["HS256 beside RS256", { algorithms: ["RS256", "HS256"] }, /asymmetric algorithms only/],
    ["no algorithm", { algorithms: [] }, /asymmetric algorithms only/],
  ])("with %s is rejected", (_what, change, reason) => {
    expect(() => validateStage({ ...prod, identityProvider: { ...provider, ...change } })).toThrow(reason);
  });

  test.each([
    [{ idpIssuer: "http://id.example.com" }],
    [{ idpAlgorithms: "HS256" }],
    [{ idpAlgorithms: "none" }],
    [{ idpAlgorithms: "RS256,none" }],
    [{ idpAlgorithms: "RS256," }],
    [{ idpAudience: "" }],
  ])("is also rejected from the context %j", (change) => {
    expect(() => stageFrom(context({ stage: "prod", ...fromContext, ...change }))).toThrow(/^(stage prod|context idp)/);
  });
});

test.each([["https://console.example.com/"], ["console.example.com"], ["https://a.example/b"]])(
  "an allowed origin cannot be %s",
  (origin) => {
    expect(() => validateStage({ ...dev, corsOrigins: [origin] })).toThrow(/origin/);
  },
);
