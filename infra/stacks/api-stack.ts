/** What serves requests and keeps nothing: the REST API, its authorizer, one function per operation, bootstrap and key rotation. */
import { CfnOutput, CfnParameter, CustomResource, Duration, NestedStack, Stack, type StackProps } from "aws-cdk-lib";
import { CfnPermission } from "aws-cdk-lib/aws-lambda";
import { CfnRotationSchedule } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { entryPointOf, type AnyOperation } from "../../shared/contract/operation.ts";
import { bundleFolder } from "../build/bundle.ts";
import { CustomDomain } from "../constructs/custom-domain.ts";
import { Firewall } from "../constructs/firewall.ts";
import { GatewayErrors } from "../constructs/gateway-errors.ts";
import { Gateway } from "../constructs/gateway.ts";
import { apiIdOutput, apiNameOf } from "../constructs/names.ts";
import { OperationFunction, type CommonVariables } from "../constructs/operation-function.ts";
import type { DataStack } from "./data-stack.ts";
import {
  authorizerFunction,
  bootstrapFunction,
  rotationFunction,
  type FunctionDeclaration,
} from "../constructs/function-declarations.ts";
import type { Release } from "../release/release-name.ts";
import { isUrl, tokensFromOf, type Stage } from "../stages/stage.ts";

/** Days between two rotations of the signing key. */
const signingKeyDays = 30;

export interface ApiStackProps extends StackProps {
  readonly stage: Stage;
  readonly data: DataStack;
  readonly operations: readonly AnyOperation[];
  /** The release that `GET /health` shows and every log line names. */
  readonly release: Release;
  /** The folder with a function's bundle. Default: the output folder of `build`. */
  readonly bundleOf?: (entryPoint: string) => string;
}

export class ApiStack extends Stack {
  readonly #props: ApiStackProps;
  /** What every function of the stage is told, except for what only callers of the identity provider need. */
  readonly commonVariables: CommonVariables;
  /** Name of the release. */
  readonly release: string;
  readonly #environment: CommonVariables;
  /** The functions with their versions, roles and log groups. */
  readonly #functions: NestedStack;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { stage, data, operations } = props;
    this.#props = props;
    this.#functions = new NestedStack(this, "Functions", { description: "Portico: the functions of the API" });

    const gateway = new Gateway(this, "Gateway", { stage, release: props.release.name });
    const publicUrl = this.#publicUrl(gateway);
    this.release = props.release.name;
    this.commonVariables = {
      STAGE: stage.name,
      PUBLIC_URL: publicUrl,
      TABLE_NAME: data.usedTable.tableName,
      ...(stage.tokensFrom !== undefined && { TOKENS_FROM: String(tokensFromOf(stage)) }),
      ALLOWED_ORIGINS: stage.corsOrigins.join(" "),
      LOG_LEVEL: stage.logLevel,
      PARTNER_TOKEN_SECONDS: String(stage.tokenLifetimes.partnerAccessSeconds),
      USER_TOKEN_SECONDS: String(stage.tokenLifetimes.userAccessSeconds),
      SESSION_SECONDS: String(stage.sessions.maxAgeSeconds),
      ADMINISTRATOR_SESSION_SECONDS: String(stage.sessions.administratorMaxAgeSeconds),
      MAX_SESSIONS: String(stage.sessions.maxPerUser),
      PARTNER_REQUESTS_PER_SECOND: String(stage.partnerLimits.requestsPerSecond),
      PARTNER_BURST: String(stage.partnerLimits.burst),
      PARTNER_REQUESTS_PER_MONTH: String(stage.partnerLimits.requestsPerMonth),
      PUBLIC_CLIENTS: stage.publicClients.join(" "),
      ADMINISTRATORS_NEED_SECOND_FACTOR: String(stage.administratorsNeedSecondFactor),
      ...(stage.webhooksToPrivateAddresses && { WEBHOOKS_TO_PRIVATE_ADDRESSES: "true" }),
    };
    this.#environment = { ...this.commonVariables, ...this.#identityProvider() };

    const authorizer = this.#function(authorizerFunction, authorizerFunction.id);
    const served = operations.map((operation) => ({
      operation,
      function: this.#function(operation, entryPointOf(operation)),
    }));
    gateway.serve(served, authorizer);
    new GatewayErrors(this, "GatewayErrors", { api: gateway.api, publicUrl, cors: stage.corsOrigins.length > 0 });
    if (stage.hostedZone !== undefined && isUrl(stage.publicUrl)) {
      new CustomDomain(this, "Domain", { api: gateway.api, url: stage.publicUrl, hostedZone: stage.hostedZone });
    }
    if (stage.waf) new Firewall(this, "Firewall", { name: apiNameOf(stage), stageArn: gateway.stageArn });

    const bootstrapRun = new CustomResource(this, "BootstrapRun", {
      resourceType: "Custom::PorticoBootstrap",
      serviceToken: this.#systemFunction(bootstrapFunction).arn,
      // CloudFormation would wait an hour for a bootstrap that never answers.
      serviceTimeout: Duration.minutes(2),
      // CloudFormation runs the bootstrap when these change, so once per release. The time tells a rollback from a newer release.
      properties: {
        Release: props.release.name,
        CommittedAt: props.release.committedAt,
        // A restored table has the signing keys and the root user of an earlier day.
        ...(stage.restoredTable !== undefined && { Table: stage.restoredTable }),
      },
    });
    this.#rotateSigningKeys(bootstrapRun);

    new CfnOutput(this, apiIdOutput, {
      value: gateway.api.restApiId,
      description: "The REST API, for npm run release",
    });
    new CfnOutput(this, "ApiUrl", { value: publicUrl, description: "Where callers reach the API" });
  }

  /** A function that API Gateway does not invoke: nothing but its environment tells it the release. */
  #systemFunction(declaration: FunctionDeclaration): OperationFunction {
    return this.#function(declaration, declaration.id, { VERSION: this.#props.release.name });
  }

  #function(
    declaration: FunctionDeclaration,
    entryPoint: string,
    more: Pick<CommonVariables, "VERSION"> = {},
  ): OperationFunction {
    const { stage, data } = this.#props;
    return new OperationFunction(this.#functions, constructId(declaration.id), {
      stage,
      declaration,
      bundle: this.#bundle(entryPoint),
      environment: { ...this.#environment, ...more },
      resources: data.resources,
    });
  }

  #bundle(entryPoint: string): string {
    return (this.#props.bundleOf ?? bundleFolder)(entryPoint);
  }

  /** The schedule is not in the data stack: it needs the function, and the function needs the data stack. */
  #rotateSigningKeys(bootstrapRun: CustomResource): void {
    const rotation = this.#systemFunction(rotationFunction);
    const { secretArn } = this.#props.data.secrets.signingKeys;
    const permission = new CfnPermission(this, "RotationPermission", {
      action: "lambda:InvokeFunction",
      functionName: rotation.arn,
      principal: "secretsmanager.amazonaws.com",
      sourceAccount: this.account,
      sourceArn: secretArn,
    });
    const schedule = new CfnRotationSchedule(this, "SigningKeysRotation", {
      secretId: secretArn,
      rotationLambdaArn: rotation.arn,
      rotationRules: { automaticallyAfterDays: signingKeyDays },
      // Otherwise every deployment would rotate the key.
      rotateImmediatelyOnUpdate: false,
    });
    // Secrets Manager tests the function when the schedule is created, so the permission and the keys must exist.
    schedule.node.addDependency(permission, bootstrapRun);
  }

  #identityProvider(): Pick<CommonVariables, "IDP_ISSUER" | "IDP_AUDIENCE" | "IDP_ALGORITHMS" | "IDP_JWKS_URI"> {
    const { identityProvider: provider } = this.#props.stage;
    if (provider === undefined) return {};
    const parameter = (id: string, description: string) => new CfnParameter(this, id, { description }).valueAsString;
    if (provider === "parameter") {
      return {
        IDP_ISSUER: parameter("IdpIssuer", "Issuer of the external identity provider"),
        IDP_JWKS_URI: parameter("IdpJwksUri", "Where its public keys are"),
        IDP_AUDIENCE: "portico",
        IDP_ALGORITHMS: "RS256",
      };
    }
    const { issuer, audience, algorithms, jwksUri } = provider;
    return {
      IDP_ISSUER: issuer,
      IDP_AUDIENCE: audience,
      IDP_ALGORITHMS: algorithms.join(" "),
      IDP_JWKS_URI: jwksUri,
    };
  }

  /** The execute-api URL is composed from the API's id. The stage's own attribute would depend on the functions, which need the URL. */
  #publicUrl({ api }: Gateway): string {
    const { publicUrl, name } = this.#props.stage;
    if (isUrl(publicUrl)) return publicUrl;
    if (publicUrl === "parameter") {
      return new CfnParameter(this, "PublicUrl", {
        description: "Where callers reach the API, without a slash at the end",
      }).valueAsString;
    }
    return `https://${api.restApiId}.execute-api.${this.region}.${this.urlSuffix}/${name}`;
  }
}

/** `partners.register` → `PartnersRegister`. It must never change, because logical ids of named resources contain it. */
function constructId(id: string): string {
  return id.replace(/(^|[.-])([a-z])/g, (_match, _separator, letter: string) => letter.toUpperCase());
}
