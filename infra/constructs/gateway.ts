/** The REST API of a stage: a method per operation, the authorizer of the protected ones, and the access log. */
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
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { releaseVariable, toStageVariable } from "../../shared/runtime/release.ts";
import { isUrl, type Stage } from "../stages/stage.ts";
import { acknowledge } from "./acknowledge.ts";
import { apiNameOf, liveDeploymentParameter, liveReleaseParameter, logGroupNameOf } from "./names.ts";
import type { OperationFunction } from "./operation-function.ts";
import { removalPolicyOf } from "./removal.ts";

/** An operation and its function. */
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

/** What a stage with AWS WAF adds: `WAF_ALLOW` or `WAF_BLOCK`, and the status of a call to AWS WAF that failed. */
const firewallFields = { firewall: "$context.wafResponseCode", firewallStatus: "$context.waf.status" } as const;

export class Gateway extends Construct {
  readonly api: RestApi;
  readonly #stage: Stage;

  /** @param release name of the release, which describes its deployment */
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
      // The execute-api URL is not the issuer of the tokens, and rules for the company's host would not apply to it.
      ...(isUrl(stage.publicUrl) && { disableExecuteApiEndpoint: true }),
      // For pages and the contract. Compressing smaller bodies takes longer than it saves.
      minCompressionSize: Size.kibibytes(1),
      // API Gateway has one logging role per account and Region. Other APIs use it too, so it is retained.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      deployOptions: {
        stageName: stage.name,
        variables: { [releaseVariable]: toStageVariable(release) },
        tracingEnabled: true,
        throttlingRateLimit: stage.throttle.rateLimitPerSecond,
        throttlingBurstLimit: stage.throttle.burstLimit,
        accessLogDestination: new LogGroupLogDestination(accessLog),
        accessLogFormat: AccessLogFormat.custom(JSON.stringify({ ...accessLogLine, ...(stage.waf && firewallFields) })),
        loggingLevel: MethodLoggingLevel.OFF,
        // Metrics of the whole API are free. Those per method are custom metrics at $0.30 a month each.
        metricsEnabled: false,
      },
      ...(stage.corsOrigins.length > 0 && {
        defaultCorsPreflightOptions: {
          allowOrigins: [...stage.corsOrigins],
          allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
          allowHeaders: ["authorization", "content-type", "dpop", "idempotency-key", "if-match", "x-correlation-id"],
          maxAge: Duration.hours(1),
        },
      }),
    });
    this.#keepDeployments(release);
    if (stage.canary !== undefined) this.#letTheStageWait(release);
    // The stack has an output with the public URL; the one of RestApi would be a second.
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

  /** A deployment is a release: it names a version of every function. A rollback needs the earlier deployments. */
  #keepDeployments(release: string): void {
    const deployment = this.api.latestDeployment?.node.defaultChild as CfnDeployment;
    deployment.description = release;
    deployment.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  }

  /** Lets a stack deployment keep the live release on the stage. `npm run deploy` then starts the canary. */
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
   * Adds the method of every operation. Call it once.
   *
   * @param authorizer the function that authenticates callers of protected operations
   */
  serve(operations: readonly Served[], authorizer: OperationFunction): void {
    // CDK refuses an authorizer that no method uses.
    const isProtected = operations.some(({ operation }) => operation.access !== "public");
    const requestAuthorizer = isProtected ? this.#authorizer(authorizer) : undefined;
    for (const [area, served] of Map.groupBy(operations, ({ operation }) => areaOf(operation))) {
      const role = this.#invokeRole(
        area,
        served.map((one) => one.function),
      );
      for (const one of served) this.#addMethod(one, role, requestAuthorizer);
    }
    this.#deployWithVersions([authorizer, ...operations.map((served) => served.function)]);
    if (this.#stage.corsOrigins.length > 0) {
      acknowledge(this.api.root, { "AwsSolutions-APIG4": "a browser's preflight request carries no credentials" });
    }
  }

  /**
   * CDK makes a new deployment when a method changes. A method names the version of its function by an output of another stack,
   * which keeps its name.
   */
  #deployWithVersions(invoked: readonly OperationFunction[]): void {
    for (const { versionId } of invoked) this.api.latestDeployment?.addToLogicalId(versionId);
  }

  /**
   * A role for each area lets API Gateway invoke exactly its functions. One AWS::Lambda::Permission per method would be a third
   * of the stack's resources, and one role for all would need more than the 10,240 characters that its policy may have.
   */
  #invokeRole(area: string, invoked: readonly OperationFunction[]): Role {
    // Every version: the role changes before the stage switches, and the stage may go back.
    const resources = invoked.map(({ everyVersion }) => everyVersion);
    const role = new Role(this, `InvokeRole${area}`, {
      // Without the condition, an API of another account could make API Gateway use this role.
      assumedBy: new ServicePrincipal("apigateway.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
      inlinePolicies: {
        invoke: new PolicyDocument({
          statements: [new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources })],
        }),
      },
    });
    acknowledge(
      role,
      Object.fromEntries(
        resources.map((resource) => [
          `AwsSolutions-IAM5[Resource::${inFinding(Stack.of(this).resolve(resource) as ResolvedArn)}]`,
          "the wildcard stands for the versions of one function: the live release names one, and a rollback names an older one",
        ]),
      ),
    );
    return role;
  }

  #authorizer(authorizer: OperationFunction): RequestAuthorizer {
    return new RequestAuthorizer(this, "Authorizer", {
      authorizerName: "access-token",
      handler: authorizer.version,
      // CDK would attach a second policy that also allows every version of the function.
      assumeRole: this.#invokeRole("Authorizer", [authorizer]).withoutPolicyUpdates(),
      identitySources: [IdentitySource.header("Authorization")],
      // A cached answer would let a revoked token live on.
      resultsCacheTtl: Duration.seconds(0),
    });
  }

  #addMethod(
    { operation, function: serving }: Served,
    credentialsRole: Role,
    authorizer: RequestAuthorizer | undefined,
  ): void {
    const isPublic = operation.access === "public";
    const method = this.api.root.resourceForPath(operation.path).addMethod(
      operation.method,
      // Not LambdaIntegration: it adds a permission to the function even where the role already allows the call.
      new AwsIntegration({
        service: "lambda",
        path: `2015-03-31/functions/${serving.version.functionArn}/invocations`,
        proxy: true,
        options: { credentialsRole },
      }),
      {
        operationName: operation.id,
        ...(isPublic
          ? { authorizationType: AuthorizationType.NONE }
          : { authorizationType: AuthorizationType.CUSTOM, authorizer }),
      },
    );
    if (isPublic) {
      acknowledge(method, {
        "AwsSolutions-APIG4": `${operation.id} is declared public: callers have no token yet, or need none`,
      });
    }
  }
}

/** `partners.register` → `Partners`. */
function areaOf({ id }: AnyOperation): string {
  const [area = ""] = id.split(".");
  return area.replace(/^./, (letter) => letter.toUpperCase());
}

type ResolvedArn = string | { readonly "Fn::Join": readonly [string, readonly (string | { readonly Ref: string })[]] };

/** An ARN as findings of cdk-nag name it: `arn:<AWS::Partition>:lambda:…`. */
function inFinding(arn: ResolvedArn): string {
  if (typeof arn === "string") return arn;
  const [separator, parts] = arn["Fn::Join"];
  return parts.map((part) => (typeof part === "string" ? part : `<${part.Ref}>`)).join(separator);
}
