/** The checks before a deployment changes anything. Each finding is one line that says what to do. */
import type { Stage } from "../stages/stage.ts";
import { ReleaseError, type Account } from "./cloud.ts";

/** Changes that need `--allow NAME`. */
export const allowances = ["issuer-change", "identity-provider-change"] as const;
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
 * Checks that the deployment keeps the issuer, which every token names, and the identity provider.
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

const none = "none";

interface Template {
  readonly Resources?: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>;
}

/** Issuer and identity provider in the environment of a template's functions. An intrinsic function is compared as JSON. */
function promisesOf(template: unknown): { readonly issuer: string; readonly provider: string } {
  const variables = Object.values((template as Template).Resources ?? {})
    .filter(({ Type }) => Type === "AWS::Lambda::Function")
    .map(({ Properties }) => (Properties as FunctionProperties | undefined)?.Environment?.Variables ?? {})
    .find(({ PUBLIC_URL }) => PUBLIC_URL !== undefined);
  const shown = (value: unknown): string =>
    value === undefined ? none : typeof value === "string" ? value : JSON.stringify(value);
  return { issuer: shown(variables?.["PUBLIC_URL"]), provider: shown(variables?.["IDP_ISSUER"]) };
}

interface FunctionProperties {
  readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
}
