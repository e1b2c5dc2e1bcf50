/**
 * The rotation of the signing keys in the four steps of Secrets Manager, each safe to repeat: make the next set, publish it,
 * prove that it works, let it sign. A key is published before it signs and goes on verifying after it has signed last, so no
 * request is refused for a rotation.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "../runtime/environment.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { Table } from "../runtime/table.ts";
import { issueAccessToken, verifyAccessToken } from "./access-tokens.ts";
import { verificationOf } from "./authenticate.ts";
import { refetchMs } from "./public-keys.ts";
import {
  continuesKeySet,
  generateSigningKey,
  parseSigningKeySet,
  publicKeysOf,
  rotateKeySet,
  type SigningKeySet,
} from "./signing-keys.ts";
import { findPublicKeys, keyPublication } from "./store.ts";

export type RotationStep = "createSecret" | "setSecret" | "testSecret" | "finishSecret";

export interface Rotation {
  readonly table: Table;
  readonly secrets: Secrets;
  readonly environment: Environment;
  readonly now: Date;
  /** The version that becomes current: the rotation's client request token. */
  readonly versionId: string;
}

/** @throws Error where a step cannot be done; Secrets Manager then tries the rotation again */
export async function rotateSigningKeys(step: RotationStep, rotation: Rotation): Promise<void> {
  await steps[step](rotation);
}

const steps: Record<RotationStep, (rotation: Rotation) => Promise<void>> = {
  async createSecret(rotation) {
    const { secrets, environment, now, versionId } = rotation;
    const current = parseSigningKeySet((await secrets.readVersion("signingKeys", "AWSCURRENT")) ?? "") ?? { keys: [] };
    const pending = await findPendingSet(rotation);
    if (pending !== undefined) {
      if (continuesKeySet(pending, current)) return;
      throw new Error("the pending key set is not one of the present keys: take the label AWSPENDING away");
    }
    const next = rotateKeySet(current, await generateSigningKey(now), maxLifetime(environment), now);
    await secrets.writePending("signingKeys", versionId, JSON.stringify(next));
  },

  async setSecret(rotation) {
    // The pending set holds every key that still verifies, the present one among them.
    await rotation.table.commit(keyPublication(publicKeysOf(await pendingSet(rotation))));
  },

  async testSecret(rotation) {
    const { table, secrets, environment, now } = rotation;
    // When a schedule is set up, Secrets Manager runs this step alone, with nothing pending: then the present set is tested.
    const set =
      (await findPendingSet(rotation)) ??
      parseSigningKeySet((await secrets.readVersion("signingKeys", "AWSCURRENT")) ?? "");
    const key = set?.keys[0];
    if (key === undefined) return;
    const { issuer } = verificationOf(environment);
    const subject = { kind: "partner", id: "rotation-test", scopes: [] } as const;
    const { token } = await issueAccessToken({ principal: subject, clientId: subject.id, version: 0 }, key, {
      issuer,
      lifetimeSeconds: 60,
      now,
    });
    const published = await findPublicKeys(table);
    const findKey = async (kid: string) => published.find((candidate) => candidate.kid === kid);
    const verified = await verifyAccessToken(token, findKey, { issuer, expires: true });
    if (typeof verified === "string") throw new Error(`a token of the next key is refused: ${verified}`);
    // An authorizer that looked just before the publication looks again only after this long.
    await delay(refetchMs + 500);
  },

  async finishSecret({ secrets, versionId }) {
    await secrets.promote("signingKeys", versionId);
  },
};

async function findPendingSet({ secrets, versionId }: Rotation): Promise<SigningKeySet | undefined> {
  return parseSigningKeySet((await secrets.readVersion("signingKeys", "AWSPENDING", versionId)) ?? "");
}

async function pendingSet(rotation: Rotation): Promise<SigningKeySet> {
  const pending = await findPendingSet(rotation);
  if (pending === undefined) throw new Error("there is no pending key set: createSecret comes first");
  return pending;
}

function maxLifetime({ PARTNER_TOKEN_SECONDS: partner, USER_TOKEN_SECONDS: user }: Environment): number | undefined {
  return partner === undefined || user === undefined ? undefined : Math.max(partner, user);
}
