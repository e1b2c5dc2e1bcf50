/** One Lambda function with least rights, made from the declaration of its operation. */
import { ArnFormat, Duration, Lazy, RemovalPolicy } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  ApplicationLogLevel,
  Architecture,
  type CfnVersion,
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

/** ARNs of the table and the secrets that functions get rights to. */
export interface Resources {
  readonly tableArn: string;
  readonly secretArns: Readonly<Record<SecretName, string>>;
}

const secretNames = Object.keys(secretVariables) as SecretName[];

/** The variables of every function. Those of secrets are added where a declaration names them. */
export type CommonVariables = Omit<EnvironmentVariables, (typeof secretVariables)[SecretName]>;

export interface OperationFunctionProps {
  readonly stage: Stage;
  readonly declaration: FunctionDeclaration;
  /** Folder with the bundle `index.mjs`, and the files of a page. */
  readonly bundle: string;
  readonly environment: CommonVariables;
  readonly resources: Resources;
  /** Rights beyond those to the table and the secrets. */
  readonly statements?: readonly PolicyStatement[];
}

export class OperationFunction extends Construct {
  readonly function: LambdaFunction;
  readonly #name: string;

  constructor(scope: Construct, id: string, props: OperationFunctionProps) {
    super(scope, id);
    const { stage, declaration } = props;
    const logGroup = new LogGroup(this, "Logs", {
      logGroupName: logGroupNameOf(stage, declaration.id),
      retention: stage.logRetention,
      removalPolicy: removalPolicyOf(stage),
    });
    const role = roleIn(this, props, logGroup);
    this.#name = functionNameOf(stage, declaration.id);
    this.function = new LambdaFunction(this, "Function", {
      functionName: this.#name,
      architecture: Architecture.ARM_64,
      runtime: Runtime.NODEJS_24_X,
      handler: "index.handler",
      code: Code.fromAsset(props.bundle),
      memorySize: declaration.memoryMegabytes ?? 512,
      timeout: Duration.seconds(declaration.timeoutSeconds ?? 10),
      tracing: Tracing.ACTIVE,
      // A new account may have a quota of ten for all functions, so only production reserves concurrency.
      ...(stage.production && { reservedConcurrentExecutions: declaration.reservedConcurrency }),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // START, END and REPORT lines cost more than they tell. Calls that fail or time out are still logged.
      systemLogLevelV2: SystemLogLevel.WARN,
      // A higher level would drop the lines of level INFO, and the metrics in them. The functions filter by LOG_LEVEL.
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      // Otherwise CDK attaches a second policy beside the declared one.
      role: role.withoutPolicyUpdates(),
      environment: environmentOf(props),
      currentVersionOptions: {
        // Not the release: a description of its own would make a new version of an unchanged function.
        description: versionDescription,
        // Kept deployments of the API name versions; `npm run release -- sweep` removes a version that none names.
        removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      },
    });
  }

  /** ARN of the function without a version. */
  get arn(): string {
    return this.function.functionArn;
  }

  /** Every version of the function, by its name: a stack has at most 200 outputs, and each function needs one for its version. */
  get everyVersion(): string {
    return this.function.stack.formatArn({
      service: "lambda",
      resource: "function",
      resourceName: `${this.#name}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  /** The immutable version of this release. Reading it makes the stack publish the version. */
  get version(): IVersion {
    return this.function.currentVersion;
  }

  /** What changes with code and settings of the version, known when the templates are written. */
  get versionId(): string {
    const { stack, currentVersion } = this.function;
    return Lazy.uncachedString({
      produce: () => String(stack.resolve((currentVersion.node.defaultChild as CfnVersion).logicalId)),
    });
  }
}

function environmentOf({ declaration, environment, resources }: OperationFunctionProps): Record<string, string> {
  const secrets = declaration.secrets ?? [];
  return definedOnly({
    ...environment,
    ...Object.fromEntries(secrets.map((name) => [secretVariables[name], resources.secretArns[name]])),
  });
}

function secretStatements(declaration: FunctionDeclaration, { secretArns }: Resources): readonly PolicyStatement[] {
  const read = declaration.secrets ?? [];
  return [
    ...(read.length > 0
      ? [
          new PolicyStatement({
            actions: ["secretsmanager:GetSecretValue"],
            resources: read.map((name) => secretArns[name]),
          }),
        ]
      : []),
    ...secretNames.flatMap((name) => {
      const actions = declaration.secretActions?.[name];
      if (actions === undefined) return [];
      return [
        new PolicyStatement({
          actions: actions.map((action) => `secretsmanager:${action}`),
          resources: [secretArns[name]],
        }),
      ];
    }),
  ];
}

/** The policy statements of one declared right: they allow only its partition keys and, in updates, only its attributes. */
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

/** `ForAllValues` is also true for a request without attributes, so a second condition requires their presence. */
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

/** The role with the declared rights, and those to the function's log and traces. */
function roleIn(
  scope: Construct,
  { declaration, resources, statements = [] }: OperationFunctionProps,
  logGroup: LogGroup,
): Role {
  const role = new Role(scope, "Role", {
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
          ...secretStatements(declaration, resources),
          ...statements,
        ],
      }),
    },
  });
  acknowledge(role, {
    "AwsSolutions-IAM5[Resource::*]":
      "xray:PutTraceSegments, xray:PutTelemetryRecords and dynamodb:ListStreams support no resource ARNs; every other statement names its resources",
  });
  return role;
}
