/** The rotation of the signing keys, as Secrets Manager runs it, while the API is in use. */
import { randomUUID } from "node:crypto";
import { errorAnswer, type Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { externalSession } from "../../support/oauth-answers.ts";
import { Portico, tally, type TestPartner } from "../../support/portico.ts";
import {
  kidOf,
  manyTokensPartner,
  publishedKids,
  readSelf,
  readUser,
  rotationOf,
  withoutMemory,
} from "../../support/signing-keys.ts";

type Step = "createSecret" | "setSecret" | "testSecret" | "finishSecret";
const steps: readonly Step[] = ["createSecret", "setSecret", "testSecret", "finishSecret"];
const changingSteps: readonly Step[] = ["createSecret", "setSecret", "finishSecret"];

/** Runs one step of a rotation, as Secrets Manager does. @throws Error with the function's error type */
async function take(portico: Portico, step: Step, version: string): Promise<void> {
  const { arn, functionId } = rotationOf(portico);
  const event = { Step: step, SecretId: arn, ClientRequestToken: version, RotationToken: randomUUID() };
  const outcome = await portico.host.invoke(functionId, event);
  if ("failure" in outcome) throw new Error(`${step}: ${outcome.failure.errorType}`);
}

/** A whole rotation but for `testSecret`, which waits longer than everything else takes. @returns the new version */
async function rotateAtOnce(portico: Portico): Promise<string> {
  const version = portico.host.secrets.beginRotation(rotationOf(portico).arn);
  for (const step of changingSteps) await take(portico, step, version);
  return version;
}

async function invokeBootstrap({ host }: Portico): Promise<void> {
  const bootstrap = host.model.functions.find(({ name }) => name.endsWith("-bootstrap"));
  if (bootstrap === undefined) throw new Error("the template has no bootstrap");
  const outcome = await host.invoke(bootstrap.id, {});
  if ("failure" in outcome) throw new Error(outcome.failure.errorMessage);
}

let failing: { readonly functionId: string; readonly action: string } | undefined;
const interceptor: Interceptor = async (call, next) =>
  call.functionId === failing?.functionId && call.action === failing.action
    ? errorAnswer("AccessDeniedException", "not now")
    : await next();
const portico = Portico.alone({ interceptors: [interceptor] });

beforeEach(() => {
  withoutMemory(portico);
});

describe("a rotation", () => {
  test("the next key is published before it signs, and the old key still verifies afterwards", async () => {
    const partner = await manyTokensPartner(portico);
    const old = await portico.partnerToken(partner);
    const before = await publishedKids(portico);
    const [first] = before;
    expect(kidOf(old)).toBe(first);
    const version = portico.host.secrets.beginRotation(rotationOf(portico).arn);

    await take(portico, "createSecret", version);
    expect(await publishedKids(portico)).toEqual(before);

    await take(portico, "setSecret", version);
    const [next, ...others] = await publishedKids(portico);
    expect(others).toEqual(before);
    expect(before).not.toContain(next);

    for (const step of ["testSecret", undefined] as const) {
      if (step !== undefined) await take(portico, step, version);
      withoutMemory(portico);
      expect(kidOf(await portico.partnerToken(partner))).toBe(first);
      expect(await publishedKids(portico)).toEqual([next, ...before]);
    }

    await take(portico, "finishSecret", version);
    withoutMemory(portico);
    const young = await portico.partnerToken(partner);
    expect(kidOf(young)).toBe(next);
    expect(await publishedKids(portico)).toEqual([next, ...before]);
    for (const token of [old, young]) expect((await readSelf(portico, token)).status).toBe(200);
  });

  test("an authorizer that has cached only the old key accepts a token of the new one at once", async () => {
    const old = await portico.rootToken();
    const crowd = (token: string) => Promise.all(Array.from({ length: 20 }, () => readUser(portico, token)));
    // Afterwards every process of the authorizer has read the keys.
    await crowd(old);
    await portico.host.rotate(rotationOf(portico).arn);
    portico.host.retire("oauth-token");
    const { accessToken: young } = await externalSession(portico, "ada");
    expect(kidOf(young)).not.toBe(kidOf(old));
    const answers = [...(await crowd(young)), ...(await crowd(old))];
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 40 });
  });

  test("steps can be repeated without changing the outcome", async () => {
    const before = await publishedKids(portico);
    const { arn } = rotationOf(portico);
    const version = portico.host.secrets.beginRotation(arn);
    for (const step of steps) {
      await take(portico, step, version);
      await take(portico, step, version);
    }
    // Secrets Manager may even start over.
    for (const step of steps) await take(portico, step, version);
    const kids = await publishedKids(portico);
    expect(kids).toHaveLength(before.length + 1);
    expect(kids.slice(1)).toEqual(before);
    expect(portico.host.secrets.versionOf(arn, "AWSCURRENT")).toBe(version);
    withoutMemory(portico);
    const { token } = await portico.partnerWithToken();
    expect(kidOf(token)).toBe(kids[0]);
    expect((await readSelf(portico, token)).status).toBe(200);
  });

  test("a step out of order fails and changes nothing", async () => {
    const { arn } = rotationOf(portico);
    const before = { kids: await publishedKids(portico), secret: portico.host.secrets.current(arn) };
    const version = portico.host.secrets.beginRotation(arn);
    await expect(take(portico, "setSecret", version)).rejects.toThrow("setSecret: Error");
    expect({ kids: await publishedKids(portico), secret: portico.host.secrets.current(arn) }).toEqual(before);
  });

  test("every rotation is logged as a security event without private keys", async () => {
    const { arn } = rotationOf(portico);
    const events = () => portico.logs.filter((line) => line.includes('"code":"signing_keys_rotated"'));
    const before = events().length;
    await rotateAtOnce(portico);
    await rotateAtOnce(portico);
    while (events().length < before + 2) await new Promise(setImmediate);
    expect(events()).toHaveLength(before + 2);
    const { keys } = JSON.parse(portico.host.secrets.current(arn)!) as { readonly keys: readonly { d: string }[] };
    for (const { d } of keys) expect(portico.logs.filter((line) => line.includes(d))).toEqual([]);
  });

  test("testSecret alone, as at the creation of a schedule, changes nothing", async () => {
    const { arn } = rotationOf(portico);
    const before = { kids: await publishedKids(portico), secret: portico.host.secrets.current(arn) };
    await take(portico, "testSecret", randomUUID());
    expect({ kids: await publishedKids(portico), secret: portico.host.secrets.current(arn) }).toEqual(before);
  });

  test.each<[Step]>([["createSecret"], ["setSecret"], ["testSecret"], ["finishSecret"]])(
    "a deployment after %s keeps the pending key published",
    async (interrupted) => {
      const { arn } = rotationOf(portico);
      const version = portico.host.secrets.beginRotation(arn);
      for (const step of interrupted === "testSecret" ? steps : changingSteps) {
        await take(portico, step, version);
        if (step === interrupted) await invokeBootstrap(portico);
      }
      withoutMemory(portico);
      const { token } = await portico.partnerWithToken();
      expect(await publishedKids(portico)).toContain(kidOf(token));
      expect((await readSelf(portico, token)).status).toBe(200);
    },
  );

  test("the bootstrap of a reused process does not restore the keys that it has cached", async () => {
    await invokeBootstrap(portico);
    await rotateAtOnce(portico);
    const kids = await publishedKids(portico);
    await invokeBootstrap(portico);
    expect(await publishedKids(portico)).toEqual(kids);
  });
});

describe("a rotation that fails", () => {
  /** The last service call of each step. */
  const failures: readonly (readonly [Step, string])[] = [
    ["createSecret", "PutSecretValue"],
    ["setSecret", "TransactWriteItems"],
    ["testSecret", "GetItem"],
    ["finishSecret", "UpdateSecretVersionStage"],
  ];

  let pending: string | undefined;
  let before: readonly string[];
  let partner: TestPartner;
  const tokens: string[] = [];

  beforeAll(async () => {
    withoutMemory(portico);
    before = await publishedKids(portico);
    partner = await manyTokensPartner(portico);
    tokens.push(await portico.partnerToken(partner));
  });

  test.each(failures)("in %s changes no token, and the next one continues it", async (step, action) => {
    const { arn, functionId } = rotationOf(portico);
    failing = { functionId, action };
    await expect(portico.host.rotate(arn)).rejects.toThrow(`failed in ${step}`);
    failing = undefined;
    withoutMemory(portico);
    const version = portico.host.secrets.versionOf(arn, "AWSPENDING");
    expect(version).toBe(pending ?? version);
    pending = version;
    const token = await portico.partnerToken(partner);
    expect(kidOf(token)).toBe(before[0]);
    tokens.push(token);
  });

  test("is completed by the first one that does not fail", async () => {
    expect(await portico.host.rotate(rotationOf(portico).arn)).toBe(pending);
    withoutMemory(portico);
    const young = await portico.partnerToken(partner);
    expect(await publishedKids(portico)).toEqual([kidOf(young), ...before]);
    expect(before).not.toContain(kidOf(young));
    for (const token of [...tokens, young]) expect((await readSelf(portico, token)).status).toBe(200);
  });
});

// At the end: it makes every token invalid, that of the root user included.
describe("keys that have leaked", () => {
  test("an emptied key set gets new keys, and no old key returns", async () => {
    const { host } = portico;
    const { arn } = rotationOf(portico);
    const { token: leaked } = await portico.partnerWithToken();
    const version = await rotateAtOnce(portico);
    const before = await publishedKids(portico);
    host.secrets.answer("PutSecretValue", { SecretId: arn, SecretString: "{}" });
    await invokeBootstrap(portico);
    const after = await publishedKids(portico);
    expect(after).toHaveLength(1);
    expect(before).not.toContain(after[0]);

    // Neither a deployment nor a rotation with a pending version restores an old key.
    await host.replace(process.env.PORTICO_TEST_ASSEMBLY!);
    await expect(host.rotate(arn)).rejects.toThrow("failed in createSecret");
    expect(await publishedKids(portico)).toEqual(after);
    expect((await readSelf(portico, leaked)).body.code).toBe("token_invalid");

    const label = { SecretId: arn, VersionStage: "AWSPENDING", RemoveFromVersionId: version };
    expect(host.secrets.answer("UpdateSecretVersionStage", label).status).toBe(200);
    await rotateAtOnce(portico);
    expect((await publishedKids(portico)).slice(1)).toEqual(after);
  });
});
