/** Findings, acknowledgements and sizes of a synthesised cloud assembly. Pure functions. */

/** One finding of cdk-nag, of AWS's template validator or of CDK itself. */
export interface Finding {
  readonly plugin: string;
  readonly rule: string;
  readonly severity: string;
  readonly description: string;
  /** Construct paths, or logical ids when the construct is unknown. */
  readonly places: readonly string[];
}

/** A finding that the project accepts, with its reason. */
export interface Acknowledgement {
  readonly place: string;
  readonly rule: string;
  readonly reason: string;
}

interface Violation {
  readonly ruleName?: string;
  readonly severity?: string;
  readonly description?: string;
  readonly violatingConstructs?: readonly Place[];
  readonly violatingResources?: readonly Place[];
}

interface Place {
  readonly constructPath?: string;
  readonly cloudFormationResource?: { readonly logicalId?: string };
  readonly resourceLogicalId?: string;
}

/** From this number of resources on a stack has to be split (decision 0031); CloudFormation's own limit is 500. */
export const resourceLimit = 495;

/** From this number on the check says that it will soon fail. */
export const resourceWarning = 450;

/**
 * The findings of a `validation-report.json`, of every severity. CDK only warns about some and exits with 0.
 *
 * @throws Error when the report does not have the expected form: an unreadable report must not count as "no findings"
 */
export function findingsOf(report: unknown): readonly Finding[] {
  const plugins = (report as { readonly pluginReports?: unknown } | null)?.pluginReports;
  if (!Array.isArray(plugins)) throw new Error("the validation report has no list of plugin reports");
  return plugins.flatMap((plugin: { pluginName?: string; conclusion?: string; violations?: readonly Violation[] }) => {
    const name = plugin.pluginName ?? "unknown plugin";
    const violations = plugin.violations ?? [];
    if (plugin.conclusion === "failure" && violations.length === 0) {
      return [{ plugin: name, rule: "failed", severity: "error", description: "failed without a finding", places: [] }];
    }
    return violations.map((violation) => ({
      plugin: name,
      rule: violation.ruleName ?? "unknown rule",
      severity: violation.severity ?? "unknown severity",
      description: violation.description ?? "",
      places: [...(violation.violatingConstructs ?? []), ...(violation.violatingResources ?? [])].map(placeOf),
    }));
  });
}

function placeOf(place: Place): string {
  return place.constructPath ?? place.cloudFormationResource?.logicalId ?? place.resourceLogicalId ?? "unknown place";
}

/** The acknowledgements in a stack's `*.metadata.json`. */
export function acknowledgementsOf(
  metadata: Readonly<Record<string, readonly { readonly type: string; readonly data?: unknown }[]>>,
): readonly Acknowledgement[] {
  return Object.entries(metadata).flatMap(([place, entries]) =>
    entries
      .filter((entry) => entry.type === "aws:cdk:acknowledged-rules")
      .flatMap((entry) =>
        Object.entries(entry.data as Readonly<Record<string, string>>).map(([rule, reason]) => ({
          place: place.replace(/^\//, ""),
          rule: rule.replace(/^annotation::/i, ""),
          reason,
        })),
      ),
  );
}

/** Everything that is wrong with an assembly, one line each. An empty list means that it may be deployed. */
export function complaintsOf(assembly: {
  readonly report: unknown;
  readonly resourceCounts: Readonly<Record<string, number>>;
  readonly acknowledgements: readonly Acknowledgement[];
}): readonly string[] {
  return [
    ...findingsOf(assembly.report).flatMap(({ plugin, rule, severity, description, places }) =>
      (places.length > 0 ? places : ["(no place named)"]).map(
        (place) => `${severity}: ${rule} (${plugin}) at ${place}: ${description}`,
      ),
    ),
    ...Object.entries(assembly.resourceCounts)
      .filter(([, count]) => count >= resourceLimit)
      .map(([stack, count]) => `${stack} has ${count} resources; fewer than ${resourceLimit} are allowed`),
    ...assembly.acknowledgements
      .filter(({ reason }) => reason.trim().length < 20)
      .map(({ place, rule }) => `${rule} is acknowledged at ${place} without a reason worth reading`),
  ];
}
