/** Judges which rights of the template were used and which calls were denied, and prints it. */
import type { Denial, RightsUsage, RightUsage } from "../../infra/local/iam/rights-usage.ts";

/** A right that may stay although no call uses it. */
export interface RightsException extends Pick<RightUsage, "functionName" | "action" | "leadingKeys"> {
  readonly reason: string;
}

/** The faults in the rights usage of the whole suite. */
export interface RightsVerdict {
  readonly denials: readonly Denial[];
  readonly unused: readonly RightUsage[];
  /** Exceptions without effect: the right is used, or no role grants it. */
  readonly idle: readonly RightsException[];
}

/** @param exceptions rights that may stay unused */
export function judge({ rights, denials }: RightsUsage, exceptions: readonly RightsException[] = []): RightsVerdict {
  const unused = rights.filter(({ uses }) => uses === 0);
  const excuses = (exception: RightsException, right: RightUsage): boolean =>
    exception.functionName === right.functionName &&
    exception.action === right.action &&
    exception.leadingKeys === right.leadingKeys;
  return {
    denials,
    unused: unused.filter((right) => !exceptions.some((exception) => excuses(exception, right))),
    idle: exceptions.filter((exception) => !unused.some((right) => excuses(exception, right))),
  };
}

export function isFlawless({ denials, unused, idle }: RightsVerdict): boolean {
  return denials.length + unused.length + idle.length === 0;
}

/** `table/<name>` and the like: the ARN without its common beginning. */
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

const whatOf = ({ resource, leadingKeys, conditions }: RightUsage): string =>
  [leadingKeys ?? "", shortResource(resource), conditions ?? ""].filter((part) => part !== "").join("  ");

/** The prefix that all function names share: `Portico-local-`. */
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

/** All rights: operation, granted, used. */
export function usageTable({ rights }: RightsUsage): string {
  const sorted = [...rights].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const prefix = commonPrefix([...new Set(sorted.map(({ functionName }) => functionName))]);
  return columns([
    ["operation", "granted", "on", "used"],
    ...sorted.map((right, index) => [
      right.functionName === sorted[index - 1]?.functionName ? "" : right.functionName.slice(prefix.length),
      right.action,
      whatOf(right),
      right.uses === 0 ? "never" : `${right.uses}`,
    ]),
  ]);
}

const sortKey = (right: RightUsage): string => `${right.functionName} ${right.action} ${whatOf(right)}`;

/** The faults, ready to print. */
export function verdictTable({ denials, unused, idle }: RightsVerdict): string {
  const parts = [
    denials.length > 0 &&
      `denied: the declaration lacks a right that production needs\n${columns(
        denials.map(({ functionName, action, leadingKeys, resource, message, times }) => [
          functionName,
          `${times} ×`,
          action,
          leadingKeys?.join(", ") ?? shortResource(resource),
          message.replace(/^.* because /, "because "),
        ]),
      )}`,
    unused.length > 0 &&
      `granted, but never used: narrow the declaration (contract.ts, infra/constructs/function-declarations.ts), or add the end-to-end test that uses it\n${columns(
        unused.map((right) => [right.functionName, right.action, whatOf(right)]),
      )}`,
    idle.length > 0 &&
      `exceptions without effect: remove them\n${columns(
        idle.map(({ functionName, action, leadingKeys }) => [functionName, action, leadingKeys ?? ""]),
      )}`,
  ];
  return parts.filter((part) => part !== false).join("\n\n");
}

/** The line below the tables. */
export const usageFoot =
  "Rights to write logs and traces (logs:*, xray:*) are not judged: CloudWatch and X-Ray are not emulated.";
