/** What ministack cannot do: taken out of the templates, or added to the emulator, each with its reason, and with what localemu does instead. */

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

interface Allowance {
  readonly reason: string;
  /** Why the second emulator cannot do it either. Without a reason it has to. */
  readonly second?: string;
}

export interface Removal extends Allowance {
  readonly name: string;
  readonly matches: (resource: EmulatedResource) => boolean;
}

const ofType = (type: string, allowance: Allowance): Removal => ({
  ...allowance,
  name: type,
  matches: ({ Type }) => Type === type,
});

const neitherHas = (what: string): Allowance => ({
  reason: `its CloudFormation has no ${what}`,
  second: "it refuses the type",
});

/** Taken out of every template. A removal that is not needed is an error, so the list never outlives its reasons. */
export const removals: readonly Removal[] = [
  ofType("AWS::SecretsManager::RotationSchedule", {
    reason: "its CloudFormation has no rotation schedules",
    second: "its rotation schedules do nothing",
  }),
  ofType("AWS::CloudWatch::CompositeAlarm", { reason: "its CloudFormation has no composite alarms" }),
  ofType("AWS::Logs::QueryDefinition", neitherHas("saved queries")),
  ofType("AWS::Budgets::Budget", neitherHas("budgets")),
  ofType("AWS::XRay::SamplingRule", neitherHas("sampling rules")),
  {
    name: "AWS::CloudWatch::Alarm with Metrics",
    reason: "it has no metric math",
    matches: ({ Type, Properties }) => Type === "AWS::CloudWatch::Alarm" && Properties?.["Metrics"] !== undefined,
  },
];

/** What `start_emulator.py` adds to the emulator. */
export const additions: readonly string[] = [
  "requestContext.requestId in the authorizer's event",
  "$context.authorizer.* in gateway responses",
  "the attributes of unchanged resources when a nested stack is updated",
];

export interface Unkept extends Allowance {
  /** Start of the names of facts. */
  readonly of: string;
  readonly type: string;
  readonly property: string;
}

const table = { of: "table ", type: "AWS::DynamoDB::Table" };

/** Properties that ministack's CloudFormation drops. One that it keeps one day is an error, so the list stays short. */
export const unkept: readonly Unkept[] = [
  { ...table, property: "TimeToLiveSpecification", reason: "its CloudFormation sets no time to live" },
  {
    ...{ ...table, property: "PointInTimeRecoverySpecification", reason: "its CloudFormation sets no recovery" },
    second: "its CloudFormation sets none either",
  },
  { ...table, property: "SSESpecification", reason: "its CloudFormation sets no key of a table" },
  {
    ...{ of: "stage ", type: "AWS::ApiGateway::Stage", property: "AccessLogSetting" },
    reason: "its CloudFormation sets no access log",
  },
];

/** The tags by which the emulators give the API a known id, so its URL is known before the deployment. */
export const apiId = "portico";
const apiIdTags = ["ms-custom-id", "_custom_id_"].map((Key) => ({ Key, Value: apiId }));

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
  for (const id of gone) {
    if (refersTo(result, id)) throw new Error(`something that stays refers to ${id}, which is taken out`);
  }
  return result;
}

/** Whether a value of a template has a reference to a resource. */
export function refersTo(value: unknown, id: string): boolean {
  const text = JSON.stringify(value);
  return text.includes(`{"Ref":"${id}"}`) || text.includes(`"Fn::GetAtt":["${id}",`);
}

function adapted(resource: EmulatedResource, gone: ReadonlySet<string>): EmulatedResource {
  const dependencies = [resource.DependsOn ?? []].flat().filter((id) => !gone.has(id));
  const { DependsOn: _, ...rest } = resource;
  const result = dependencies.length === 0 ? rest : { ...rest, DependsOn: dependencies };
  return withKnownId(result);
}

/** Gives the API the id that is known. */
export function withKnownId(resource: EmulatedResource): EmulatedResource {
  if (resource.Type !== "AWS::ApiGateway::RestApi") return resource;
  return { ...resource, Properties: { ...resource.Properties, Tags: apiIdTags } };
}
