/** The checks before a deployment changes anything. Each finding is one line that says what to do. */
import type { Stage } from "../stages/stage.ts";
import { ReleaseError, type Account } from "./cloud.ts";

/** Changes that need `--allow NAME`. */
export const allowances = ["issuer-change", "identity-provider-change", "table-change"] as const;
export type Allowance = (typeof allowances)[number];

/**
 * Checks that the credentials belong to the stage's account and Region, and that its hosted zone exists.
 *
 * @throws ReleaseError in one line
 */
export async function checkAccount(stage: Stage, account: Account): Promise<void> {
  const identity = await account.identity();
  if (stage.account !== undefined && identity.account !== stage.account) {
    throw new ReleaseError(
      `these credentials are of account ${identity.account}, and stage ${stage.name} is in ${stage.account}: set AWS_PROFILE`,
    );
  }
  if (stage.region !== undefined && identity.region !== stage.region) {
    throw new ReleaseError(
      `the Region is ${identity.region}, and stage ${stage.name} is in ${stage.region}: set AWS_REGION=${stage.region}`,
    );
  }
  if (stage.hostedZone === undefined) return;
  const { id, name } = stage.hostedZone;
  const found = await account.hostedZoneName(id);
  if (found === name) return;
  throw new ReleaseError(
    found === undefined
      ? `account ${identity.account} has no hosted zone ${id}: create it, or correct hostedZone in infra/stages/${stage.name}.ts`
      : `the hosted zone ${id} is of ${found}, not of ${name}: correct hostedZone in infra/stages/${stage.name}.ts`,
  );
}

/**
 * Checks that the deployment keeps the issuer, which every token names, the identity provider, the table and the cut-off.
 *
 * @param deployed deployed template of the API stack; undefined when it does not exist
 * @param next the new template
 * @throws ReleaseError that names the change and the option that permits it
 */
export function checkPromises(
  deployed: unknown,
  next: unknown,
  { name, allowed }: { readonly name: string; readonly allowed: readonly Allowance[] },
): void {
  if (deployed === undefined) return;
  const [before, after] = [promisesOf(deployed), promisesOf(next)];
  checkData(before, after, { name, allowed });
  if (before.issuer !== after.issuer && !allowed.includes("issuer-change")) {
    throw new ReleaseError(
      `the issuer of stage ${name} would change from ${before.issuer} to ${after.issuer}, and every token would be refused: ` +
        "correct publicUrl, or add --allow issuer-change",
    );
  }
  if (before.provider === after.provider || before.provider === none) return;
  if (!allowed.includes("identity-provider-change")) {
    throw new ReleaseError(
      `the identity provider of stage ${name} would change from ${before.provider} to ${after.provider}, and its people could ` +
        "no longer sign in: correct identityProvider, or add --allow identity-provider-change",
    );
  }
}

function checkData(before: Promises, after: Promises, { name, allowed }: Permission): void {
  if (Number(before.tokensFrom) > Number(after.tokensFrom)) {
    throw new ReleaseError(
      `the cut-off of stage ${name} would go back, and revoked tokens would be valid again: set tokensFrom to the deployed time or a later one`,
    );
  }
  if (before.table === after.table || allowed.includes("table-change")) return;
  throw new ReleaseError(
    `the table of stage ${name} would change from ${before.table} to ${after.table}: correct restoredTable, or add --allow table-change`,
  );
}

/**
 * Whether a deployment changes the table or the cut-off. Such a release takes all traffic at once: beside a canary, two tables would
 * take writes, and each release would refuse the tokens of the other.
 */
export function changesData(deployed: unknown, next: unknown): boolean {
  if (deployed === undefined) return false;
  const [before, after] = [promisesOf(deployed), promisesOf(next)];
  return before.table !== after.table || before.tokensFrom !== after.tokensFrom;
}

const none = "none";

interface Template {
  readonly Resources?: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>;
}

interface Permission {
  readonly name: string;
  readonly allowed: readonly Allowance[];
}

interface Promises {
  readonly issuer: string;
  readonly provider: string;
  readonly table: string;
  /** Seconds of the epoch; 0 without a cut-off. */
  readonly tokensFrom: string;
}

/** What the environment of a template's functions promises. An intrinsic function is compared as JSON. */
function promisesOf(template: unknown): Promises {
  const variables = Object.values((template as Template).Resources ?? {})
    .filter(({ Type }) => Type === "AWS::Lambda::Function")
    .map(({ Properties }) => (Properties as FunctionProperties | undefined)?.Environment?.Variables ?? {})
    .find(({ PUBLIC_URL }) => PUBLIC_URL !== undefined);
  const shown = (value: unknown): string =>
    value === undefined ? none : typeof value === "string" ? value : JSON.stringify(value);
  return {
    issuer: shown(variables?.["PUBLIC_URL"]),
    provider: shown(variables?.["IDP_ISSUER"]),
    table: shown(variables?.["TABLE_NAME"]),
    tokensFrom: shown(variables?.["TOKENS_FROM"] ?? "0"),
  };
}

interface FunctionProperties {
  readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
}
