import {
  ReleaseError,
  type Account,
  type Cloud,
  type Deployment,
  type FunctionVersion,
} from "../../../infra/release/cloud.ts";
import { checkAccount, checkPromises } from "../../../infra/release/deploy-checks.ts";
import {
  hasNewRelease,
  keptDeployments,
  liveRelease,
  nameLiveRelease,
  promote,
  rollback,
  startCanary,
  status,
  sweep,
  watch,
} from "../../../infra/release/releases.ts";
import dev from "../../../infra/stages/dev.ts";
import type { Stage } from "../../../infra/stages/stage.ts";

/** A stage whose releases 1 to n were deployed one after another; the deployment `d3` is the release `r3`. Each changed `login`. */
class FakeCloud implements Cloud {
  live: string;
  canary: { deployment: string; percent: number } | undefined;
  /** The release that requests of the live deployment know. */
  named: string | undefined;
  ringing: readonly string[] = [];
  readonly #deployments: Deployment[];
  readonly #versions: FunctionVersion[];
  /** Runs before each look at the alarms. */
  onLook: () => void = () => undefined;

  constructor(releases: number, live = releases) {
    this.live = `d${live}`;
    const numbers = Array.from({ length: releases }, (_, index) => index + 1);
    this.#deployments = numbers.map((number) => ({
      id: `d${number}`,
      release: `r${number}`,
      createdAt: new Date(number),
    }));
    this.#versions = [
      ...numbers.map((number) => versionOf("login", number, number)),
      // Only the first and the fourth release changed it.
      ...[1, 4]
        .filter((number) => number <= releases)
        .map((number, index) => versionOf("authorizer", index + 1, number)),
    ];
  }

  served = async () => ({ live: this.live, ...(this.canary && { canary: this.canary }) });
  deployments = async () => [...this.#deployments];
  versions = async () => [...this.#versions];
  ringingAlarms = async () => {
    this.onLook();
    return this.ringing;
  };
  async startCanary({ id }: Deployment, percent: number): Promise<void> {
    this.canary = { deployment: id, percent };
  }
  async endCanary(): Promise<void> {
    this.canary = undefined;
  }
  async switchTo({ id, release }: Deployment): Promise<void> {
    this.live = id;
    this.named = release;
    this.canary = undefined;
  }
  async deleteDeployment(id: string): Promise<void> {
    if (id === this.live || id === this.canary?.deployment) throw new Error("a stage still points to this deployment");
    this.#deployments.splice(
      this.#deployments.findIndex((deployment) => deployment.id === id),
      1,
    );
  }
  async deleteVersion(version: FunctionVersion): Promise<void> {
    this.#versions.splice(this.#versions.indexOf(version), 1);
  }
  /** Publishes a version that no release has made. */
  publish(version: FunctionVersion): void {
    this.#versions.push(version);
  }
}

/** A version that a release published just before its deployment was made. */
function versionOf(functionName: string, number: number, release: number): FunctionVersion {
  return { functionName, version: String(number), publishedAt: new Date(release), isOurs: true };
}

const notDeployed: Cloud = Object.assign(new FakeCloud(1), { served: async () => undefined });

describe("the status", () => {
  test("lists the releases with their traffic, newest first", async () => {
    const cloud = new FakeCloud(3, 2);
    await startCanary(cloud, 10);
    expect(await status(cloud)).toEqual([
      "1970-01-01T00:00:00.003Z  d3  r3  canary, 10 %",
      "1970-01-01T00:00:00.002Z  d2  r2  live",
      "1970-01-01T00:00:00.001Z  d1  r1",
    ]);
  });

  test.each([status, promote, rollback, sweep])(
    "of a stage that is not deployed is refused in one line",
    async (act) => {
      await expect(act(notDeployed)).rejects.toThrow(/^the stage is not deployed: run npm run deploy first$/);
    },
  );
});

describe("a canary", () => {
  test("gives the newest release a share of the traffic and leaves the live one live", async () => {
    const cloud = new FakeCloud(3, 2);
    expect(await startCanary(cloud, 10)).toMatchObject({ release: "r3" });
    expect(await cloud.served()).toEqual({ live: "d2", canary: { deployment: "d3", percent: 10 } });
  });

  test("is refused during another canary, and without a new release", async () => {
    const cloud = new FakeCloud(3, 2);
    await startCanary(cloud, 10);
    await expect(startCanary(cloud, 10)).rejects.toThrow(/a canary is under way/);
    await expect(startCanary(new FakeCloud(3), 10)).rejects.toThrow(/live already/);
    expect(await hasNewRelease(new FakeCloud(3))).toBe(false);
    expect(await hasNewRelease(new FakeCloud(3, 2))).toBe(true);
  });

  test("is promoted for all traffic", async () => {
    const cloud = new FakeCloud(3, 2);
    await startCanary(cloud, 10);
    expect(await promote(cloud)).toMatchObject({ release: "r3" });
    expect(await cloud.served()).toEqual({ live: "d3" });
  });

  test("is rolled back without a change of the live release", async () => {
    const cloud = new FakeCloud(3, 2);
    await startCanary(cloud, 10);
    expect(await rollback(cloud)).toMatchObject({ release: "r2" });
    expect(await cloud.served()).toEqual({ live: "d2" });
  });

  test("goes live if no alarm rings", async () => {
    const cloud = new FakeCloud(3, 2);
    await startCanary(cloud, 10);
    expect(await watch(cloud, { minutes: 0.001, pauseMs: 20 })).toEqual([]);
    expect(await cloud.served()).toEqual({ live: "d3" });
  });

  test("ends as soon as an alarm rings", async () => {
    const cloud = new FakeCloud(3, 2);
    await startCanary(cloud, 10);
    let looks = 0;
    cloud.onLook = () => {
      if (++looks === 3) cloud.ringing = ["Portico-prod-internal-errors"];
    };
    expect(await watch(cloud, { minutes: 60, pauseMs: 1 })).toEqual(["Portico-prod-internal-errors"]);
    expect(looks).toBe(3);
    expect(await cloud.served()).toEqual({ live: "d2" });
  });

  test.each([
    ["that rang before and stops", [true, true, false], "d3"],
    ["that rang before, stops and rings again", [true, true, false, true], "d2"],
  ] as const)("meets an alarm %s", async (_what, looks, live) => {
    const cloud = new FakeCloud(3, 2);
    await startCanary(cloud, 10);
    let look = 0;
    cloud.onLook = () => {
      cloud.ringing = looks[look++] === true ? ["Portico-prod-synthetic-partner"] : [];
    };
    await watch(cloud, { minutes: 0.001, pauseMs: 10 });
    expect((await cloud.served()).live).toBe(live);
  });

  test("is required by watch", async () => {
    await expect(watch(new FakeCloud(2), { minutes: 1 })).rejects.toThrow(/there is no canary to watch/);
  });
});

describe("the live release", () => {
  test("gets its present name where a deployment of the stack changed no function", async () => {
    const cloud = new FakeCloud(3);
    await nameLiveRelease(cloud);
    expect([cloud.live, cloud.named]).toEqual(["d3", "r3"]);
  });

  test("is named to its requests by every switch", async () => {
    const cloud = new FakeCloud(3);
    await rollback(cloud);
    expect(cloud.named).toBe("r2");
    await promote(cloud);
    expect(cloud.named).toBe("r3");
  });

  test("must be one of the deployments", async () => {
    await expect(liveRelease(new FakeCloud(3, 9))).rejects.toThrow(/^the live deployment d9 is not among the API's$/);
  });
});

describe("a rollback", () => {
  test("returns to the release before the live one, also repeatedly", async () => {
    const cloud = new FakeCloud(3);
    expect(await rollback(cloud)).toMatchObject({ release: "r2" });
    expect(await rollback(cloud)).toMatchObject({ release: "r1" });
    await expect(rollback(cloud)).rejects.toThrow(/there is no release before r1 to go back to/);
    expect(cloud.live).toBe("d1");
  });

  test("returns to a named release, and promote reverts that", async () => {
    const cloud = new FakeCloud(3);
    await rollback(cloud, "r1");
    expect(cloud.live).toBe("d1");
    await promote(cloud);
    expect(cloud.live).toBe("d3");
    await promote(cloud, "r2");
    expect(cloud.live).toBe("d2");
  });

  test("to an unknown release is refused and changes nothing", async () => {
    const cloud = new FakeCloud(3);
    await expect(rollback(cloud, "r9")).rejects.toThrow(ReleaseError);
    await expect(promote(cloud, "r9")).rejects.toThrow(ReleaseError);
    await expect(promote(cloud)).rejects.toThrow(/r3 is live already/);
    expect(cloud.live).toBe("d3");
  });
});

describe("a sweep", () => {
  const versionsOf = async (cloud: Cloud, name: string): Promise<readonly string[]> =>
    (await cloud.versions()).filter(({ functionName }) => functionName === name).map(({ version }) => version);

  test("keeps the newest releases with their versions and removes the others", async () => {
    const cloud = new FakeCloud(keptDeployments + 2);
    expect(await sweep(cloud)).toEqual({ deployments: 2, versions: 2 });
    expect((await cloud.deployments()).map(({ id }) => id)).toEqual(["d3", "d4", "d5", "d6", "d7"]);
    expect(await versionsOf(cloud, "login")).toEqual(["3", "4", "5", "6", "7"]);
  });

  test("keeps a version that the oldest kept release took over from an earlier one", async () => {
    const cloud = new FakeCloud(keptDeployments + 2);
    await sweep(cloud);
    // The third release has the authorizer of the first one.
    expect(await versionsOf(cloud, "authorizer")).toEqual(["1", "2"]);
    const later = new FakeCloud(keptDeployments + 3);
    expect(await sweep(later)).toEqual({ deployments: 3, versions: 4 });
    expect(await versionsOf(later, "authorizer")).toEqual(["2"]);
  });

  test("keeps the release that serves traffic, whatever its age", async () => {
    const cloud = new FakeCloud(keptDeployments + 2, 1);
    await startCanary(cloud, 10);
    expect(await sweep(cloud)).toEqual({ deployments: 1, versions: 0 });
    expect(await versionsOf(cloud, "login")).toContain("1");
  });

  test("leaves versions alone that no release has published", async () => {
    const cloud = new FakeCloud(keptDeployments + 2);
    const foreign = { functionName: "login", version: "0", publishedAt: new Date(0), isOurs: false };
    cloud.publish(foreign);
    expect(await sweep(cloud)).toEqual({ deployments: 2, versions: 2 });
    expect(await cloud.versions()).toContain(foreign);
  });
});

describe("before a deployment", () => {
  const stage: Stage = {
    ...dev,
    account: "123456789012",
    region: "eu-central-1",
    publicUrl: "https://api.example.com",
    hostedZone: { id: "Z0123456789", name: "example.com" },
  };
  const account = (change: Partial<{ account: string; region: string; zone: string | undefined }> = {}): Account => {
    const {
      account: id,
      region,
      zone,
    } = { account: "123456789012", region: "eu-central-1", zone: "example.com", ...change };
    return {
      identity: async () => ({ account: id, region }),
      template: async () => undefined,
      hostedZoneName: async () => zone,
    };
  };

  test("the account, the Region and the hosted zone of the stage pass", async () => {
    await expect(checkAccount(stage, account())).resolves.toBeUndefined();
    await expect(checkAccount(dev, account({ zone: undefined }))).resolves.toBeUndefined();
  });

  test.each<[string, Parameters<typeof account>[0], RegExp]>([
    ["another account", { account: "999999999999" }, /^these credentials are of account 9+, .*: set AWS_PROFILE$/],
    ["another Region", { region: "us-east-1" }, /^the Region is us-east-1, .*: set AWS_REGION=eu-central-1$/],
    ["no hosted zone", { zone: undefined }, /has no hosted zone Z0123456789: create it, or correct hostedZone/],
    [
      "a hosted zone of another name",
      { zone: "example.org" },
      /is of example.org, not of example.com: correct hostedZone/,
    ],
  ])("%s is refused in one line that says what to do", async (_what, change, reason) => {
    await expect(checkAccount(stage, account(change))).rejects.toThrow(reason);
  });

  const template = (variables: Readonly<Record<string, unknown>>): unknown => ({
    Resources: {
      Role: { Type: "AWS::IAM::Role" },
      Login: { Type: "AWS::Lambda::Function", Properties: { Environment: { Variables: variables } } },
    },
  });
  const url = { "Fn::Join": ["", ["https://", { Ref: "Api" }, ".execute-api"]] };
  const deployed = { PUBLIC_URL: "https://api.example.com", IDP_ISSUER: "https://id.example.com" };

  test.each<[string, unknown, unknown]>([
    ["the first one", undefined, template(deployed)],
    ["one that changes neither issuer nor provider", template(deployed), template(deployed)],
    ["one that keeps API Gateway's URL", template({ PUBLIC_URL: url }), template({ PUBLIC_URL: url })],
    [
      "one that adds a provider",
      template({ PUBLIC_URL: url }),
      template({ PUBLIC_URL: url, IDP_ISSUER: "https://id" }),
    ],
  ])("%s passes", (_what, before, after) => {
    expect(() => checkPromises(before, after, { name: "prod", allowed: [] })).not.toThrow();
  });

  test.each<[string, object, "issuer-change" | "identity-provider-change"]>([
    ["another issuer", { ...deployed, PUBLIC_URL: "https://other.example.com" }, "issuer-change"],
    ["API Gateway's URL in place of the company's", { ...deployed, PUBLIC_URL: url }, "issuer-change"],
    ["no provider any more", { PUBLIC_URL: deployed.PUBLIC_URL }, "identity-provider-change"],
    ["another provider", { ...deployed, IDP_ISSUER: "https://other" }, "identity-provider-change"],
  ])("%s is refused unless it is asked for by its name", (_what, after, allowance) => {
    const check = (allowed: readonly (typeof allowance)[]) => () =>
      checkPromises(template(deployed), template({ ...after }), { name: "prod", allowed });
    expect(check([])).toThrow(new RegExp(`of stage prod would change from .*, or add --allow ${allowance}$`));
    expect(check([allowance === "issuer-change" ? "identity-provider-change" : "issuer-change"])).toThrow(ReleaseError);
    expect(check([allowance])).not.toThrow();
  });
});
