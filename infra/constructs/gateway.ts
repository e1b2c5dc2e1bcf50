/** The REST API of a stage: every declared path and method, the authorizer before the protected ones, and its own errors. */
import { CfnCondition, CfnParameter, Duration, Fn, RemovalPolicy, Size, Stack } from "aws-cdk-lib";
import {
  AccessLogFormat,
  AuthorizationType,
  AwsIntegration,
  type CfnDeployment,
  type CfnStage,
  EndpointType,
  IdentitySource,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RequestAuthorizer,
  RestApi,
} from "aws-cdk-lib/aws-apigateway";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { CfnFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { releaseVariable, toStageVariable } from "../../shared/runtime/release.ts";
import { isUrl, type Stage } from "../stages/stage.ts";
import { acknowledge } from "./acknowledge.ts";
import { apiNameOf, liveDeploymentParameter, liveReleaseParameter, logGroupNameOf } from "./names.ts";
import type { OperationFunction } from "./operation-function.ts";
import { removalPolicyOf } from "./removal.ts";

/** An operation and the function that serves it. */
export interface Served {
  readonly operation: AnyOperation;
  readonly function: OperationFunction;
}

/** One line per request. No address, no user agent, no raw path (it may hold an external user's id), no query. */
const accessLogLine = {
  requestId: "$context.requestId",
  time: "$context.requestTimeEpoch",
  method: "$context.httpMethod",
  resource: "$context.resourcePath",
  status: "$context.status",
  latencyMilliseconds: "$context.responseLatency",
  integrationMilliseconds: "$context.integration.latency",
  integrationStatus: "$context.integration.status",
  authorizerMilliseconds: "$context.authorizer.latency",
  authorizerStatus: "$context.authorizer.status",
  principal: "$context.authorizer.principalId",
  gatewayError: "$context.error.responseType",
  responseBytes: "$context.responseLength",
  trace: "$context.xrayTraceId",
} as const;

export class Gateway extends Construct {
  readonly api: RestApi;
  readonly #stage: Stage;

  /** @param release its name, by which operators find the deployment that it made */
  constructor(scope: Construct, id: string, { stage, release }: { readonly stage: Stage; readonly release: string }) {
    super(scope, id);
    this.#stage = stage;
    const accessLog = new LogGroup(this, "AccessLog", {
      logGroupName: logGroupNameOf(stage, "access"),
      retention: stage.logRetention,
      removalPolicy: removalPolicyOf(stage),
    });
    this.api = new RestApi(this, "Api", {
      restApiName: apiNameOf(stage),
      description: "Portico: partners, subscriptions, companies, users, coupons and threads",
      endpointTypes: [EndpointType.REGIONAL],
      // A second way in would have another issuer in its URL, and no WAF that looks at the company's host.
      ...(isUrl(stage.publicUrl) && { disableExecuteApiEndpoint: true }),
      // For the files of pages and the contract: below this, compression costs more time than it saves.
      minCompressionSize: Size.kibibytes(1),
      // API Gateway writes any log through one role per account and Region. It stays when this stack goes: other APIs use it too.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      deployOptions: {
        stageName: stage.name,
        variables: { [releaseVariable]: toStageVariable(release) },
        tracingEnabled: true,
        throttlingRateLimit: stage.throttle.rateLimitPerSecond,
        throttlingBurstLimit: stage.throttle.burstLimit,
        accessLogDestination: new LogGroupLogDestination(accessLog),
        accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLogLine)),
        loggingLevel: MethodLoggingLevel.OFF,
        // The API's own metrics are free and suffice; those of every method are custom metrics, $0.30 a month each.
        metricsEnabled: false,
      },
      ...(stage.corsOrigins.length > 0 && {
        defaultCorsPreflightOptions: {
          allowOrigins: [...stage.corsOrigins],
          allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
          allowHeaders: ["authorization", "content-type", "idempotency-key", "if-match", "x-correlation-id"],

          maxAge: Duration.hours(1),
        },
      }),
    });
    this.#keepDeployments(release);
    if (stage.canary !== undefined) this.#letTheStageWait(release);
    // The contract's URL is an output of the stack; RestApi's own would be a second one.
    this.api.node.tryRemoveChild("Endpoint");
    acknowledge(this.api, {
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]":
        "the account-wide role of API Gateway's logs, with the policy that AWS maintains for exactly that",
      "AwsSolutions-APIG2":
        "each function validates with the schemas of its declaration, after authorization: a caller without rights must learn nothing from a malformed body",
      "AwsSolutions-APIG6":
        "execution logs go to a log group without retention that API Gateway makes itself, and may repeat raw paths; the access log, the functions' logs and the traces say the same without personal data",
      "AwsSolutions-COG4":
        "the authorizer of this API is a Lambda function: tokens are Portico's own and revocable at once",
      ...(!stage.waf && {
        "AwsSolutions-APIG3": `the ${stage.name} stage holds no customer's data; production has AWS WAF`,
      }),
    });
  }

  /** A deployment is a release: it names a version of every function. Going back needs those that were before. */
  #keepDeployments(release: string): void {
    const deployment = this.api.latestDeployment?.node.defaultChild as CfnDeployment;
    deployment.description = release;
    deployment.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  }

  /** Lets a deployment of the stack leave the stage at the release that is live; `npm run deploy` then begins the canary. */
  #letTheStageWait(release: string): void {
    const live = new CfnParameter(Stack.of(this), liveDeploymentParameter, {
      description: "The deployment that stays live; none makes the new one live at once",
      default: "",
    });
    const liveRelease = new CfnParameter(Stack.of(this), liveReleaseParameter, {
      description: "The name of the release that stays live, for the stage variable",
      default: "",
    });
    const waits = new CfnCondition(this, "HasLiveDeployment", {
      expression: Fn.conditionNot(Fn.conditionEquals(live.valueAsString, "")),
    });
    const stage = this.api.deploymentStage.node.defaultChild as CfnStage;
    stage.deploymentId = Fn.conditionIf(waits.logicalId, live.valueAsString, stage.deploymentId).toString();
    stage.variables = {
      [releaseVariable]: Fn.conditionIf(
        waits.logicalId,
        liveRelease.valueAsString,
        toStageVariable(release),
      ).toString(),
    };
  }

  /** ARN of the API's only stage. */
  get stageArn(): string {
    return this.api.deploymentStage.stageArn;
  }

  /**
   * Adds every operation's method. Call it once.
   *
   * @param authorizer the function that authenticates callers of protected operations
   */
  serve(operations: readonly Served[], authorizer: OperationFunction): void {
    const invoked = [authorizer, ...operations.map((served) => served.function)];
    // One role lets API Gateway invoke exactly these functions, instead of one AWS::Lambda::Permission per method: a quarter of
    // the stack's resources. A test holds its policy below the 10,240 characters that a role may have.
    const role = new Role(this, "InvokeRole", {
      // Without the condition, an API of another account could name this role and have API Gateway use it.
      assumedBy: new ServicePrincipal("apigateway.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
      inlinePolicies: {
        invoke: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ["lambda:InvokeFunction"],
              // Every version: the role changes before the stage switches, and the stage may go back.
              resources: invoked.map(({ arn }) => `${arn}:*`),
            }),
          ],
        }),
      },
    });
    acknowledge(
      role,
      Object.fromEntries(
        invoked.map((serving) => [
          `AwsSolutions-IAM5[Resource::<${logicalIdOf(serving)}.Arn>:*]`,
          "the wildcard stands for the versions of one function: the live release names one, and a rollback names an older one",
        ]),
      ),
    );
    const requestAuthorizer = once(
      () =>
        new RequestAuthorizer(this, "Authorizer", {
          authorizerName: "access-token",
          handler: authorizer.version,
          // CDK would attach a second policy that also allows every version of the function.
          assumeRole: role.withoutPolicyUpdates(),
          identitySources: [IdentitySource.header("Authorization")],
          // A cached answer would let a revoked token live on.
          resultsCacheTtl: Duration.seconds(0),
        }),
    );

    for (const { operation, function: serving } of operations) {
      const isPublic = operation.access === "public";
      const method = this.api.root.resourceForPath(operation.path).addMethod(
        operation.method,
        // Not LambdaIntegration: it adds a permission to the function even where the role already allows the call.
        new AwsIntegration({
          service: "lambda",
          path: `2015-03-31/functions/${serving.version.functionArn}/invocations`,
          proxy: true,
          options: { credentialsRole: role },
        }),
        {
          operationName: operation.id,
          ...(isPublic
            ? { authorizationType: AuthorizationType.NONE }
            : { authorizationType: AuthorizationType.CUSTOM, authorizer: requestAuthorizer() }),
        },
      );
      if (isPublic) {
        acknowledge(method, {
          "AwsSolutions-APIG4": `${operation.id} is declared public: callers have no token yet, or need none`,
        });
      }
    }
    if (this.#stage.corsOrigins.length > 0) {
      acknowledge(this.api.root, { "AwsSolutions-APIG4": "a browser's preflight request carries no credentials" });
    }
  }
}

function logicalIdOf({ function: { node, stack } }: OperationFunction): string {
  return String(stack.resolve(stack.getLogicalId(node.defaultChild as CfnFunction)));
}

/** CDK refuses an authorizer that no method uses. */
function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
