/** One function with least rights, made from what its door declares. */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
  type IVersion,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { secretVariables, type EnvironmentVariables, type SecretName } from "../../shared/runtime/environment.ts";
import type { TableAction, TableRight } from "../../shared/contract/operation.ts";
import type { FunctionDeclaration } from "./function-declarations.ts";
import type { Stage } from "../stages/stage.ts";
import { acknowledge } from "./acknowledge.ts";
import { functionNameOf, logGroupNameOf, versionDescription } from "./names.ts";
import { removalPolicyOf } from "./removal.ts";

/** The table and secrets that functions are given rights to, by what they need to know of them. */
export interface Resources {
  readonly tableArn: string;
  readonly secretArns: Readonly<Record<SecretName, string>>;
}

const secretNames = Object.keys(secretVariables) as SecretName[];

/** The variables that every function has; those of secrets are added where they are declared. */
export type CommonVariables = Omit<EnvironmentVariables, (typeof secretVariables)[SecretName]>;

export interface OperationFunctionProps {
  readonly stage: Stage;
  readonly declaration: FunctionDeclaration;
  /** Folder with the bundle `index.mjs`, and the files of a page. */
  readonly bundle: string;
  readonly environment: CommonVariables;
  readonly resources: Resources;
  /** Where role and log group are made: a stack of its own, because a stack has at most 500 resources. */
  readonly support: Construct;
}

export class OperationFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: OperationFunctionProps) {
    super(scope, id);
    const { stage, declaration, resources } = props;
    const secrets = declaration.secrets ?? [];

    const support = new Construct(props.support, id);
    const logGroupName = logGroupNameOf(stage, declaration.id);
    const logGroup = new LogGroup(support, "Logs", {
      logGroupName,
      retention: stage.logRetention,
      removalPolicy: removalPolicyOf(stage),
    });

    const role = new Role(support, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: {
        declared: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
              resources: [logGroup.logGroupArn],
            }),
            new PolicyStatement({ actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources: ["*"] }),
            ...declaration.table.flatMap((right) => tableStatements(right, resources.tableArn)),
            ...(secrets.length > 0
              ? [
                  new PolicyStatement({
                    actions: ["secretsmanager:GetSecretValue"],
                    resources: secrets.map((name) => resources.secretArns[name]),
                  }),
                ]
              : []),
            ...secretNames
              .filter((name) => declaration.secretActions?.[name] !== undefined)
              .map(
                (name) =>
                  new PolicyStatement({
                    actions: (declaration.secretActions?.[name] ?? []).map((action) => `secretsmanager:${action}`),
                    resources: [resources.secretArns[name]],
                  }),
              ),
          ],
        }),
      },
    });
    acknowledge(role, {
      "AwsSolutions-IAM5[Resource::*]":
        "xray:PutTraceSegments and xray:PutTelemetryRecords know no resources; every other statement names its own",
    });

    const environment: EnvironmentVariables = {
      ...props.environment,
      ...Object.fromEntries(secrets.map((name) => [secretVariables[name], resources.secretArns[name]])),
    };
    this.function = new LambdaFunction(this, "Function", {
      functionName: functionNameOf(stage, declaration.id),
      architecture: Architecture.ARM_64,
      runtime: Runtime.NODEJS_24_X,
      handler: "index.handler",
      code: Code.fromAsset(props.bundle),
      memorySize: declaration.memoryMegabytes ?? 512,
      timeout: Duration.seconds(declaration.timeoutSeconds ?? 10),
      tracing: Tracing.ACTIVE,
      // A new account may have a limit of ten in all, which leaves nothing to reserve, so development stages reserve none.
      ...(stage.production && { reservedConcurrentExecutions: declaration.reservedConcurrency }),
      // By its name: a stack has at most 200 outputs, and each function needs one for its role.
      logGroup: LogGroup.fromLogGroupName(this, "Logs", logGroupName),
      loggingFormat: LoggingFormat.JSON,
      // Lambda's own START, END and REPORT lines cost more than they tell; calls that fail or time out are still written.
      systemLogLevelV2: SystemLogLevel.WARN,
      // Never higher: Lambda would drop the lines of level INFO, and the metrics that they carry with them. The functions
      // themselves filter by LOG_LEVEL.
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      // CDK would write a second policy of its own beside the declared one.
      role: role.withoutPolicyUpdates(),
      environment: definedOnly(environment),
      currentVersionOptions: {
        // Not the release: a description of its own would make a new version of an unchanged function.
        description: versionDescription,
        // Kept deployments of the API name it; `npm run release -- sweep` removes it when none does any more.
        removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      },
    });
  }

  /** ARN of the function as it is now, whatever is released. */
  get arn(): string {
    return this.function.functionArn;
  }

  /** The function as this release has it, for good. Whoever reads it has the stack publish a version. */
  get version(): IVersion {
    return this.function.currentVersion;
  }
}

/** One declared right as statements that reach no item under another partition key, and no other attribute in updates. */
function tableStatements(right: TableRight, tableArn: string): readonly PolicyStatement[] {
  const { actions, attributes, leadingKeys } = right;
  const isRestricted = (action: TableAction) => attributes !== undefined && action === "UpdateItem";
  const statement = (restricted: boolean) => {
    const chosen = actions.filter((action) => isRestricted(action) === restricted);
    if (chosen.length === 0) return [];
    return [
      new PolicyStatement({
        actions: chosen.map((action) => `dynamodb:${action}`),
        resources: [right.index === undefined ? tableArn : `${tableArn}/index/${right.index}`],
        conditions: {
          "ForAllValues:StringLike": { "dynamodb:LeadingKeys": leadingKeys },
          ...(restricted && attributesOnly(attributes ?? [])),
        },
      }),
    ];
  };
  return [...statement(false), ...statement(true)];
}

/** `ForAllValues` also holds for a request without attributes, so their presence is a condition of its own. */
function attributesOnly(attributes: readonly string[]): Record<string, Record<string, unknown>> {
  return {
    "ForAllValues:StringEquals": { "dynamodb:Attributes": ["pk", "sk", ...attributes] },
    Null: { "dynamodb:Attributes": "false" },
  };
}

function definedOnly(variables: EnvironmentVariables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
