/** Reads queues, buses and event source mappings from the resolved resources. */
import { compilePattern, type PatternMatcher } from "../lambda/event-pattern.ts";
import type { Json } from "../support/json-value.ts";
import type {
  BusModel,
  BusRuleModel,
  DeploymentModel,
  FunctionModel,
  QueueMappingModel,
  QueueModel,
  StreamMappingModel,
} from "./deployment-model.ts";
import type { ParsedResource, TemplateReader } from "./template-reader.ts";

export type EventSources = Pick<DeploymentModel, "queues" | "buses" | "busRules" | "streamMappings" | "queueMappings">;

type Mapping = ParsedResource<"AWS::Lambda::EventSourceMapping">;
type Refuse = Mapping["refuse"];

export function readEventSources(template: TemplateReader, functions: readonly FunctionModel[]): EventSources {
  const queues = readQueues(template);
  const buses = readBuses(template);
  const mappings = template.ofType("AWS::Lambda::EventSourceMapping").filter(({ properties }) => properties.Enabled);
  const tables = new Map(mappings.map((mapping) => [mapping, tableOfStream(template, mapping)] as const));
  const queueOf = ({ properties }: Mapping) => queues.find(({ arn }) => arn === properties.EventSourceArn);
  for (const mapping of mappings) {
    if (tables.get(mapping) !== undefined || queueOf(mapping) !== undefined) continue;
    const { EventSourceArn } = mapping.properties;
    mapping.refuse(
      "EventSourceArn",
      `names ${EventSourceArn}, which is no stream of a table and no queue of the template`,
    );
  }
  // Every policy is parsed, so that the start refuses one that changes who may use a queue.
  template.ofType("AWS::SQS::QueuePolicy");
  return {
    queues,
    buses,
    busRules: readBusRules(template, buses, functions),
    streamMappings: mappings.flatMap((mapping) => {
      const tableName = tables.get(mapping);
      return tableName === undefined ? [] : [streamMapping(mapping, { tableName, queues, functions })];
    }),
    queueMappings: mappings.flatMap((mapping) => {
      const queue = queueOf(mapping);
      return queue === undefined ? [] : [queueMapping(mapping, queue, functions)];
    }),
  };
}

function readQueues(template: TemplateReader): readonly QueueModel[] {
  const nameIn = (arn: string): string => arn.slice(arn.lastIndexOf(":") + 1);
  const parsed = template.ofType("AWS::SQS::Queue");
  const names = parsed.map(({ ref }) => ref.slice(ref.lastIndexOf("/") + 1));
  return parsed.map(({ ref: url, properties, refuse }, index) => {
    const { DelaySeconds, VisibilityTimeout, MessageRetentionPeriod, RedrivePolicy } = properties;
    const name = names[index] ?? "";
    const redrive = RedrivePolicy && {
      queueName: nameIn(RedrivePolicy.deadLetterTargetArn),
      maxReceives: RedrivePolicy.maxReceiveCount,
    };
    if (redrive !== undefined && !names.includes(redrive.queueName)) {
      refuse("RedrivePolicy", `names ${redrive.queueName}, which is no queue of the template`);
    }
    return {
      name,
      arn: `arn:aws:sqs:${template.region}:${template.accountId}:${name}`,
      url,
      delaySeconds: DelaySeconds,
      visibilityTimeoutSeconds: VisibilityTimeout,
      retentionSeconds: MessageRetentionPeriod,
      ...(redrive && { redrive }),
    };
  });
}

function readBuses(template: TemplateReader): readonly BusModel[] {
  return template.ofType("AWS::Events::EventBus").map(({ ref: name }) => {
    const arn = `arn:aws:events:${template.region}:${template.accountId}:event-bus/${name}`;
    return { name, arn };
  });
}

/**
 * The table whose stream a mapping reads; undefined when it reads something else. A table that the template does not make, such as
 * a restored one, is looked for in the engine.
 */
function tableOfStream(template: TemplateReader, { properties, refuse }: Mapping): string | undefined {
  const prefix = `arn:aws:dynamodb:${template.region}:${template.accountId}:table/`;
  const [name, kind] = properties.EventSourceArn.startsWith(prefix)
    ? properties.EventSourceArn.slice(prefix.length).split("/")
    : [];
  if (name === undefined || kind !== "stream") return undefined;
  const table = template.ofType("AWS::DynamoDB::Table").find(({ ref }) => ref === name);
  if (table !== undefined && table.properties.StreamSpecification === undefined) {
    refuse("EventSourceArn", `names the stream of ${name}, which has none`);
  }
  return name;
}

function readBusRules(
  template: TemplateReader,
  buses: readonly BusModel[],
  functions: readonly FunctionModel[],
): readonly BusRuleModel[] {
  return template.ofType("AWS::Events::Rule").flatMap(({ ref, properties, refuse }) => {
    const { EventBusName, EventPattern, State, Targets } = properties;
    // On the default bus there are only the events of AWS itself.
    if (EventBusName === undefined || EventBusName === "default" || State === "DISABLED") return [];
    const busName = EventBusName.slice(EventBusName.lastIndexOf("/") + 1);
    if (!buses.some(({ name }) => name === busName))
      refuse("EventBusName", `names ${busName}, which is no bus of the template`);
    if (EventPattern === undefined) return refuse("EventPattern", "is missing");
    const matches = compilePattern(EventPattern, (reason) => refuse("EventPattern", reason));
    return Targets.map(({ Arn: functionId, InputTransformer }) => {
      if (!functions.some(({ id }) => id === functionId)) {
        refuse("Targets", `names ${functionId}, which is no function: the local host invokes functions only`);
      }
      if (InputTransformer !== undefined) refuse("Targets", "changes the event, which the local host does not");
      const ruleArn = `arn:aws:events:${template.region}:${template.accountId}:rule/${busName}/${ref}`;
      return { name: ref, ruleArn, busName, functionId, matches };
    });
  });
}

function functionOf({ properties, refuse }: Mapping, functions: readonly FunctionModel[]): FunctionModel {
  const { FunctionName } = properties;
  const found = functions.find(({ id, name }) => id === FunctionName || name === FunctionName);
  return found ?? refuse("FunctionName", `names ${FunctionName}, which is no function of the template`);
}

function common(mapping: Mapping, functions: readonly FunctionModel[]) {
  const { id: functionId, name } = functionOf(mapping, functions);
  const { EventSourceArn, FunctionResponseTypes } = mapping.properties;
  return { id: `${name} ${EventSourceArn}`, functionId, reportsItemFailures: FunctionResponseTypes.length > 0 };
}

interface Stream {
  readonly tableName: string;
  readonly queues: readonly QueueModel[];
  readonly functions: readonly FunctionModel[];
}

/** How long DynamoDB keeps a record. */
const streamRetentionSeconds = 86_400;

function streamMapping(mapping: Mapping, { tableName, queues, functions }: Stream): StreamMappingModel {
  const { properties, refuse } = mapping;
  const { StartingPosition, MaximumRetryAttempts, MaximumRecordAgeInSeconds, DestinationConfig } = properties;
  if (properties.ScalingConfig !== undefined) refuse("ScalingConfig", "is not known for a stream");
  if (StartingPosition === undefined) return refuse("StartingPosition", "is missing");
  const failedArn = DestinationConfig?.OnFailure?.Destination;
  const failedQueue = queues.find(({ arn }) => arn === failedArn);
  if (failedArn !== undefined && failedQueue === undefined) {
    refuse("DestinationConfig", `names ${failedArn}, which is no queue of the template`);
  }
  return {
    ...common(mapping, functions),
    batchSize: properties.BatchSize ?? 100,
    tableName,
    streamArn: properties.EventSourceArn,
    startsAt: StartingPosition,
    bisects: properties.BisectBatchOnFunctionError,
    maxRetries: MaximumRetryAttempts < 0 ? Number.POSITIVE_INFINITY : MaximumRetryAttempts,
    maxRecordAgeSeconds: MaximumRecordAgeInSeconds < 0 ? streamRetentionSeconds : MaximumRecordAgeInSeconds,
    accepts: filterOf(properties.FilterCriteria?.Filters ?? [], refuse),
    failedQueue,
  };
}

function filterOf(filters: readonly { readonly Pattern: string }[], refuse: Refuse): PatternMatcher {
  const matchers = filters.map(({ Pattern }) =>
    compilePattern(parsedPattern(Pattern, refuse), (reason) => refuse("FilterCriteria", reason)),
  );
  return (record) => matchers.length === 0 || matchers.some((matches) => matches(record));
}

function parsedPattern(pattern: string, refuse: Refuse): Json {
  try {
    return JSON.parse(pattern) as Json;
  } catch {
    return refuse("FilterCriteria", "has a pattern that is no JSON");
  }
}

/** The properties of an event source mapping that only streams have. */
const streamProperties = ["StartingPosition", "ParallelizationFactor", "DestinationConfig", "FilterCriteria"] as const;

function queueMapping(mapping: Mapping, queue: QueueModel, functions: readonly FunctionModel[]): QueueMappingModel {
  const { properties, refuse } = mapping;
  const stray = streamProperties.find((name) => properties[name] !== undefined);
  if (stray !== undefined) refuse(stray, "is not known for a queue");
  const { timeoutSeconds } = functionOf(mapping, functions);
  // Lambda refuses the mapping: a message would return while its batch is still running.
  if (queue.visibilityTimeoutSeconds < timeoutSeconds) {
    refuse("EventSourceArn", "names a queue whose visibility timeout is shorter than the function's timeout");
  }
  return {
    ...common(mapping, functions),
    batchSize: properties.BatchSize ?? 10,
    queueName: queue.name,
    queueArn: queue.arn,
    maxConcurrency: properties.ScalingConfig?.MaximumConcurrency ?? Number.POSITIVE_INFINITY,
  };
}
