/** What the emulator cannot do: taken out of the templates, or added to the emulator, each with its reason. */

export interface EmulatedResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly [member: string]: unknown;
}

export interface EmulatedTemplate {
  readonly Resources: Readonly<Record<string, EmulatedResource>>;
  readonly [member: string]: unknown;
}

export interface Removal {
  readonly name: string;
  readonly reason: string;
  readonly matches: (resource: EmulatedResource) => boolean;
}

const ofType = (type: string, reason: string): Removal => ({
  name: type,
  reason,
  matches: ({ Type }) => Type === type,
});

/** Taken out of every template. A removal that matches nothing is an error, so the list never outlives its reasons. */
export const removals: readonly Removal[] = [
  ofType("AWS::SecretsManager::RotationSchedule", "the emulator's CloudFormation has no rotation schedules"),
  ofType("AWS::CloudWatch::CompositeAlarm", "the emulator's CloudFormation has no composite alarms"),
  ofType("AWS::Logs::QueryDefinition", "the emulator's CloudFormation has no saved queries"),
  ofType("AWS::Budgets::Budget", "the emulator's CloudFormation has no budgets"),
  ofType("AWS::XRay::SamplingRule", "the emulator's CloudFormation has no sampling rules"),
  {
    name: "AWS::CloudWatch::Alarm with Metrics",
    reason: "the emulator has no metric math",
    matches: ({ Type, Properties }) => Type === "AWS::CloudWatch::Alarm" && Properties?.["Metrics"] !== undefined,
  },
];

/** What `start_emulator.py` adds to the emulator. */
export const additions: readonly string[] = [
  "requestContext.requestId in the authorizer's event",
  "$context.authorizer.* in gateway responses",
  "the attributes of unchanged resources when a nested stack is updated",
];

export interface Unkept {
  /** Start of the names of facts. */
  readonly of: string;
  readonly property: string;
  readonly reason: string;
}

/** Properties that the emulator's CloudFormation drops. One that it keeps one day is an error, so the list stays short. */
export const unkept: readonly Unkept[] = [
  { of: "table ", property: "TimeToLiveSpecification", reason: "its CloudFormation sets no time to live" },
  { of: "table ", property: "PointInTimeRecoverySpecification", reason: "its CloudFormation sets no recovery" },
  { of: "table ", property: "SSESpecification", reason: "its CloudFormation sets no key of a table" },
  { of: "stage ", property: "AccessLogSetting", reason: "its CloudFormation sets no access log" },
];

/** The tag by which the emulator gives the API a known id, so its URL is known before the deployment. */
export const apiId = "portico";

export interface Prepared {
  readonly templates: Readonly<Record<string, EmulatedTemplate>>;
  /** Logical ids of what was taken out, by the name of the removal. */
  readonly removed: Readonly<Record<string, readonly string[]>>;
}

/**
 * Prepares templates for the emulator.
 *
 * @param templates by the names of their files
 * @throws Error for a removal that matches nothing, and for a reference to what was taken out
 */
export function prepare(
  templates: Readonly<Record<string, EmulatedTemplate>>,
  taken: readonly Removal[] = removals,
): Prepared {
  const removed: Record<string, string[]> = Object.fromEntries(taken.map(({ name }) => [name, []]));
  const prepared = Object.entries(templates).map(([file, template]) => {
    const gone = new Set<string>();
    for (const [id, resource] of Object.entries(template.Resources)) {
      const removal = taken.find(({ matches }) => matches(resource));
      if (removal === undefined) continue;
      gone.add(id);
      removed[removal.name]?.push(id);
    }
    return [file, without(template, gone)] as const;
  });
  const idle = taken.find(({ name }) => removed[name]?.length === 0);
  if (idle !== undefined) throw new Error(`no template has ${idle.name}: delete its removal`);
  return { templates: Object.fromEntries(prepared), removed };
}

function without(template: EmulatedTemplate, gone: ReadonlySet<string>): EmulatedTemplate {
  const kept = Object.entries(template.Resources).filter(([id]) => !gone.has(id));
  const result = {
    ...template,
    Resources: Object.fromEntries(kept.map(([id, resource]) => [id, adapted(resource, gone)])),
  };
  const text = JSON.stringify(result);
  for (const id of gone) {
    if (text.includes(`{"Ref":"${id}"}`) || text.includes(`"Fn::GetAtt":["${id}",`)) {
      throw new Error(`something that stays refers to ${id}, which is taken out`);
    }
  }
  return result;
}

function adapted(resource: EmulatedResource, gone: ReadonlySet<string>): EmulatedResource {
  const dependencies = [resource.DependsOn ?? []].flat().filter((id) => !gone.has(id));
  const { DependsOn: _, ...rest } = resource;
  const result = dependencies.length === 0 ? rest : { ...rest, DependsOn: dependencies };
  if (resource.Type !== "AWS::ApiGateway::RestApi") return result;
  return {
    ...result,
    Properties: { ...resource.Properties, Tags: [{ Key: "ms-custom-id", Value: apiId }] },
  };
}
