import { dev, local, prod, stageFrom, stages, validateStage, type Stage } from "../../infra/stages.ts";

const context =
  (values: Readonly<Record<string, unknown>>) =>
  (key: string): unknown =>
    values[key];

describe("a stage", () => {
  test.each(stages.map((stage) => [stage.name, stage] as const))("%s does not contradict itself", (_name, stage) => {
    expect(() => validateStage(stage)).not.toThrow();
  });

  test("is dev when nothing else is chosen", () => {
    expect(stageFrom(context({}))).toEqual(dev);
  });

  test.each(stages.map(({ name }) => [name]))("%s is chosen by its name", (name) => {
    expect(stageFrom(context({ stage: name })).name).toBe(name);
  });

  test.each([["staging"], [""], ["PROD"], [7]])(
    "that does not exist (%j) is refused in one line that names the choices",
    (name) => {
      expect(() => stageFrom(context({ stage: name }))).toThrow(/^unknown stage .*dev, prod, local$/);
    },
  );

  test("takes the address for alarms and the public URL from the context", () => {
    const stage = stageFrom(
      context({ stage: "prod", alarmEmail: "ops@example.com", publicUrl: "https://api.example.com" }),
    );
    expect(stage).toMatchObject({ alarmEmail: "ops@example.com", publicUrl: "https://api.example.com" });
  });

  test.each([
    [{ alarmEmail: "nobody" }],
    [{ publicUrl: "http://api.example.com" }],
    [{ publicUrl: "https://api.example.com/" }],
    [{ tokensNeverExpire: "yes" }],
  ])("refuses the context %j", (values) => {
    expect(() => stageFrom(context({ stage: "prod", ...values }))).toThrow(/^(context|stage prod)/);
  });
});

describe("tokens", () => {
  test.each([prod, local])("of the stage $name live 60 min for partners and 15 min for users", ({ tokenLifetimes }) => {
    expect(tokenLifetimes).toEqual({ partnerAccessSeconds: 3600, userAccessSeconds: 900 });
  });

  test.each([["true"], [true]])("of dev never expire when it says so (%j)", (value) => {
    const { tokenLifetimes } = stageFrom(context({ tokensNeverExpire: value }));
    expect(tokenLifetimes).toEqual({ partnerAccessSeconds: "never", userAccessSeconds: "never" });
  });

  test("of dev expire when it does not say so", () => {
    expect(stageFrom(context({ tokensNeverExpire: "false" })).tokenLifetimes).toEqual(prod.tokenLifetimes);
  });

  test.each([["prod"], ["local"]])("that never expire are refused in %s", (stage) => {
    expect(() => stageFrom(context({ stage, tokensNeverExpire: "true" }))).toThrow(/never expire/);
  });

  test.each([[0], [-1], [1.5], [Number.NaN]])("that live %d seconds are refused", (userAccessSeconds) => {
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
    ["origins by https", { corsOrigins: ["http://console.example.com"] }],
    ["origins one by one", { corsOrigins: ["*"] }],
    ["tokens that expire", { tokenLifetimes: { partnerAccessSeconds: "never", userAccessSeconds: 900 } }],
  ])("is refused without %s", (_what, change) => {
    expect(() => validateStage({ ...prod, ...change })).toThrow(/^stage prod: \S/);
  });

  test("is told of every contradiction at once, in one line", () => {
    const wrong: Stage = { ...prod, deletionProtection: false, waf: false };
    expect(() => validateStage(wrong)).toThrow(/deletion protection; .*firewall/);
  });

  test("cannot lose its protection by another name", () => {
    expect(() => validateStage({ ...prod, name: "eu", deletionProtection: false })).toThrow(/^stage eu/);
  });
});

test.each([["https://console.example.com/"], ["console.example.com"], ["https://a.example/b"]])(
  "an allowed origin is not a URL with a path: %s is refused",
  (origin) => {
    expect(() => validateStage({ ...dev, corsOrigins: [origin] })).toThrow(/origin/);
  },
);
