/** Reads from the resolved resources what the local host runs. */
import { checkEventRights, checkInvokeRights, checkRotationRights } from "../iam/invoke-rights.ts";
import { checkPollRights } from "../iam/poll-rights.ts";
import { LocalHostError } from "../support/errors.ts";
import type { LoadedAssembly } from "./cloud-assembly.ts";
import type {
  CustomResourceModel,
  DeploymentModel,
  FunctionLogging,
  FunctionModel,
  PermissionModel,
  RoleModel,
  RotationModel,
  ScheduleModel,
  SecretModel,
  TableModel,
} from "./deployment-model.ts";
import { readApi } from "./read-api.ts";
import { readEventSources } from "./read-event-sources.ts";
import { TemplateReader } from "./template-reader.ts";

function readTables(template: TemplateReader): readonly TableModel[] {
  return template.ofType("AWS::DynamoDB::Table").map(({ ref, properties }) => {
    const { BillingMode, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, StreamSpecification } = properties;
    const timeToLive = properties.TimeToLiveSpecification;
    return {
      name: ref,
      arn: `arn:aws:dynamodb:${template.region}:${template.accountId}:table/${ref}`,
      createTable: {
        TableName: ref,
        BillingMode,
        AttributeDefinitions,
        KeySchema,
        ...(GlobalSecondaryIndexes && { GlobalSecondaryIndexes }),
        ...(StreamSpecification && { StreamSpecification: { StreamEnabled: true, ...StreamSpecification } }),
      },
      timeToLiveAttribute: timeToLive?.Enabled === true ? timeToLive.AttributeName : undefined,
    };
  });
}

/** ARN of a secret → its rotation. */
function readRotations(template: TemplateReader): ReadonlyMap<string, RotationModel> {
  const secrets = template.ofType("AWS::SecretsManager::Secret").map(({ ref }) => ref);
  const functions = readFunctions(template).map(({ id }) => id);
  return new Map(
    template.ofType("AWS::SecretsManager::RotationSchedule").map(({ properties, refuse }) => {
      const { SecretId, RotationLambdaARN, RotationRules } = properties;
      if (!secrets.includes(SecretId)) refuse("SecretId", "names no secret of the template");
      if (!functions.includes(RotationLambdaARN)) refuse("RotationLambdaARN", "names no function of the template");
      return [SecretId, { functionId: RotationLambdaARN, rules: RotationRules }];
    }),
  );
}

function readSecrets(template: TemplateReader, rotations: ReadonlyMap<string, RotationModel>): readonly SecretModel[] {
  return template.ofType("AWS::SecretsManager::Secret").map(({ ref, resource, properties }) => {
    const { Name, Description, SecretString, GenerateSecretString: generator } = properties;
    const rotation = rotations.get(ref);
    const generate = generator && {
      template: generator.SecretStringTemplate,
      key: generator.GenerateStringKey,
      length: generator.PasswordLength,
      excludePunctuation: generator.ExcludePunctuation,
    };
    return {
      arn: ref,
      name: Name ?? `${resource.stack}-${resource.logicalId}`,
      description: Description,
      initial: generate ? { generate } : SecretString === undefined ? undefined : { value: SecretString },
      ...(rotation && { rotation }),
    };
  });
}

function readFunctions(template: TemplateReader): readonly FunctionModel[] {
  return template.ofType("AWS::Lambda::Function").map(({ ref, resource, properties, where }) => {
    const { Code, Handler, MemorySize, Timeout, Environment, Role, LoggingConfig } = properties;
    const folder = template.assets.get(Code.S3Key);
    if (folder === undefined) throw new LocalHostError(`${where}: its code ${Code.S3Key} is no asset of the assembly`);
    return {
      id: `arn:aws:lambda:${template.region}:${template.accountId}:function:${ref}`,
      name: ref,
      logicalId: resource.logicalId,
      folder,
      handler: Handler,
      memoryMegabytes: MemorySize,
      timeoutSeconds: Timeout,
      environment: Environment.Variables,
      roleArn: Role,
      logGroup: LoggingConfig.LogGroup ?? `/aws/lambda/${ref}`,
      logging: loggingOf(LoggingConfig),
    };
  });
}

/** Lambda's default level is INFO. */
function loggingOf({
  LogFormat: format,
  ApplicationLogLevel: level = "INFO",
}: {
  readonly LogFormat: FunctionLogging["format"];
  readonly ApplicationLogLevel?: string | undefined;
}): FunctionLogging {
  return format === "JSON" ? { format, level } : { format };
}

/** Role ARN → its rights: those in the role itself, and those of policies that are attached to it. */
function readRoles(template: TemplateReader): ReadonlyMap<string, RoleModel> {
  const attached = template.ofType("AWS::IAM::Policy");
  return new Map(
    template.ofType("AWS::IAM::Role").map(({ ref, properties }) => {
      const arn = `arn:aws:iam::${template.accountId}:role/${ref}`;
      const documents = [
        ...properties.Policies,
        ...attached.map((policy) => policy.properties).filter(({ Roles }) => Roles.includes(ref)),
      ];
      const statements = documents.flatMap(({ PolicyDocument }) => PolicyDocument);
      return [arn, { arn, statements, managedPolicyArns: properties.ManagedPolicyArns }];
    }),
  );
}

function readPermissions(template: TemplateReader): readonly PermissionModel[] {
  return template.ofType("AWS::Lambda::Permission").map(({ properties }) => ({
    functionName: properties.FunctionName,
    action: properties.Action,
    principal: properties.Principal,
    sourceArn: properties.SourceArn,
    sourceAccount: properties.SourceAccount,
  }));
}

function readSchedules(template: TemplateReader, functions: readonly FunctionModel[]): readonly ScheduleModel[] {
  return template.ofType("AWS::Events::Rule").flatMap(({ ref, properties, refuse }) => {
    const { ScheduleExpression: everyMinutes, State, Targets } = properties;
    if (everyMinutes === undefined || State === "DISABLED") return [];
    return Targets.map(({ Arn: functionId, InputTransformer }) => {
      if (!functions.some(({ id }) => id === functionId))
        refuse("Targets", `names ${functionId}, which is no function`);
      if (InputTransformer !== undefined) refuse("Targets", "changes the event, which the local host does not");
      const ruleArn = `arn:aws:events:${template.region}:${template.accountId}:rule/${ref}`;
      return { name: ref, ruleArn, functionId, everyMinutes };
    });
  });
}

function readCustomResources(
  template: TemplateReader,
  functions: readonly FunctionModel[],
): readonly CustomResourceModel[] {
  return template.customResources.map(({ stack, stackId, logicalId, type, properties }) => {
    const functionId = properties["ServiceToken"];
    if (typeof functionId !== "string" || !functions.some(({ id }) => id === functionId)) {
      throw new LocalHostError(
        `${type} ${stack}/${logicalId}: property ServiceToken names no function of the template`,
      );
    }
    return { stackId, logicalId, type, functionId, properties };
  });
}

/**
 * Reads what the local host runs.
 *
 * @throws LocalHostError naming the first resource type, property or right that the local host does not know or that is missing
 */
export function readModel(assembly: LoadedAssembly): DeploymentModel {
  const template = new TemplateReader(assembly);
  const functions = readFunctions(template);
  const api = readApi(template);
  const invoked = api?.routes.flatMap(({ functionId, authorizer }) => [
    functionId,
    authorizer?.functionId ?? functionId,
  ]);
  const stray = invoked?.find((id) => !functions.some((declared) => declared.id === id));
  if (stray !== undefined) throw new LocalHostError(`the API invokes ${stray}, which is no function of the template`);
  const roles = readRoles(template);
  const permissions = readPermissions(template);
  if (api !== undefined) checkInvokeRights(api, roles, permissions);
  const rotations = readRotations(template);
  checkRotationRights(
    [...rotations].map(([secretArn, { functionId }]) => ({ secretArn, functionId })),
    permissions,
  );
  const sources = readEventSources(template, functions);
  checkPollRights(sources, roles, functions);
  checkEventRights(sources.busRules, permissions);
  const schedules = readSchedules(template, functions);
  checkEventRights(schedules, permissions);
  return {
    region: template.region,
    accountId: template.accountId,
    tables: readTables(template),
    secrets: readSecrets(template, rotations),
    functions,
    roles,
    api,
    customResources: readCustomResources(template, functions),
    schedules,
    ...sources,
  };
}
