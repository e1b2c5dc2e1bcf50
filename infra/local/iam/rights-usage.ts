/** Which rights of the template were used, and which calls were denied: kept, merged, judged and shown. */

/** One right of a function: an action (or pattern) on a resource, for items under one pattern of leading keys. */
export interface Grant {
  readonly functionName: string;
  readonly action: string;
  readonly resource: string;
  /** Pattern of `dynamodb:LeadingKeys`; absent where the statement has none. */
  readonly leadingKeys?: string;
  /** The statement's other conditions in one line. */
  readonly conditions?: string;
  /** How many allowed requests used it. */
  readonly uses: number;
}

/** A request that the function's role does not allow. */
export interface Denial {
  readonly functionName: string;
  readonly action: string;
  readonly resource: string;
  readonly leadingKeys?: readonly string[];
  /** As the function was told. */
  readonly message: string;
  readonly times: number;
}

export interface RightsUsage {
  readonly grants: readonly Grant[];
  readonly denials: readonly Denial[];
}

const grantKey = ({ functionName, action, resource, leadingKeys, conditions }: Grant): string =>
  JSON.stringify([functionName, action, resource, leadingKeys, conditions]);

/** Adds up what several hosts have recorded. */
export function mergeUsage(usages: readonly RightsUsage[]): RightsUsage {
  const grants = new Map<string, Grant>();
  const denials = new Map<string, Denial>();
  for (const usage of usages) {
    for (const grant of usage.grants) {
      const key = grantKey(grant);
      grants.set(key, { ...grant, uses: grant.uses + (grants.get(key)?.uses ?? 0) });
    }
    for (const denial of usage.denials) {
      const { times = 0, ...first } = denials.get(denial.message) ?? {};
      denials.set(denial.message, { ...denial, ...first, times: denial.times + times });
    }
  }
  return { grants: [...grants.values()], denials: [...denials.values()] };
}

/** A right that no call uses and that stays nevertheless, with the reason. */
export interface Exception extends Pick<Grant, "functionName" | "action" | "leadingKeys"> {
  readonly reason: string;
}

/** What is wrong with a usage of the whole suite. */
export interface RightsVerdict {
  readonly denials: readonly Denial[];
  readonly unused: readonly Grant[];
  /** Exceptions that excuse nothing: the right is used, or not granted at all. */
  readonly idle: readonly Exception[];
}

/** @param exceptions rights that may stay unused */
export function judge({ grants, denials }: RightsUsage, exceptions: readonly Exception[] = []): RightsVerdict {
  const unused = grants.filter(({ uses }) => uses === 0);
  const excuses = (exception: Exception, grant: Grant): boolean =>
    exception.functionName === grant.functionName &&
    exception.action === grant.action &&
    exception.leadingKeys === grant.leadingKeys;
  return {
    denials,
    unused: unused.filter((grant) => !exceptions.some((exception) => excuses(exception, grant))),
    idle: exceptions.filter((exception) => !unused.some((grant) => excuses(exception, grant))),
  };
}

export function isFlawless({ denials, unused, idle }: RightsVerdict): boolean {
  return denials.length + unused.length + idle.length === 0;
}

/** `table/<name>` and the like: the ARN without what all have in common. */
const shortResource = (arn: string): string => arn.split(":").slice(5).join(":") || arn;

/** Rows as columns of equal width; the last column is not padded. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  "),
    )
    .join("\n");
}

const whatOf = ({ resource, leadingKeys, conditions }: Grant): string =>
  [leadingKeys ?? "", shortResource(resource), conditions ?? ""].filter((part) => part !== "").join("  ");

/** The part of all functions' names that says nothing: `Portico-local-`. */
function commonPrefix(names: readonly string[]): string {
  const [first = "", ...rest] = names;
  const parts = first.split("-").slice(0, -1);
  const shared = parts.findIndex((_, index) => {
    const prefix = `${parts.slice(0, index + 1).join("-")}-`;
    return rest.some((name) => !name.startsWith(prefix));
  });
  const kept = shared === -1 ? parts : parts.slice(0, shared);
  return kept.length === 0 ? "" : `${kept.join("-")}-`;
}

/** The whole table: operation, granted, used. */
export function usageTable({ grants }: RightsUsage): string {
  const sorted = [...grants].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const prefix = commonPrefix([...new Set(sorted.map(({ functionName }) => functionName))]);
  return columns([
    ["operation", "granted", "on", "used"],
    ...sorted.map((grant, index) => [
      grant.functionName === sorted[index - 1]?.functionName ? "" : grant.functionName.slice(prefix.length),
      grant.action,
      whatOf(grant),
      grant.uses === 0 ? "never" : `${grant.uses}`,
    ]),
  ]);
}

const sortKey = (grant: Grant): string => `${grant.functionName} ${grant.action} ${whatOf(grant)}`;

/** What is wrong, ready to be printed. */
export function verdictTable({ denials, unused, idle }: RightsVerdict): string {
  const parts = [
    denials.length > 0 &&
      `denied: a right that production needs is missing in the declaration\n${columns(
        denials.map(({ functionName, action, leadingKeys, resource, message, times }) => [
          functionName,
          `${times} ×`,
          action,
          leadingKeys?.join(", ") ?? shortResource(resource),
          message.replace(/^.* because /, "because "),
        ]),
      )}`,
    unused.length > 0 &&
      `granted, but never used: narrow the declaration (contract.ts, infra/constructs/function-declarations.ts), or test what uses it\n${columns(
        unused.map((grant) => [grant.functionName, grant.action, whatOf(grant)]),
      )}`,
    idle.length > 0 &&
      `exceptions that excuse nothing: remove them\n${columns(
        idle.map(({ functionName, action, leadingKeys }) => [functionName, action, leadingKeys ?? ""]),
      )}`,
  ];
  return parts.filter((part) => part !== false).join("\n\n");
}

/** What the tables leave out. */
export const usageFoot =
  "Rights to write logs and traces (logs:*, xray:*) are not judged: CloudWatch and X-Ray are not emulated.";
