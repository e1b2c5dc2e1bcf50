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
import { isUrl, type Stage } from "../stages/stage.ts";

/** How long a signing key signs. */
const signingKeyDays = 30;

export interface ApiStackProps extends StackProps {
  readonly stage: Stage;
  readonly data: DataStack;
  readonly operations: readonly AnyOperation[];
  /** The release that `GET /health` shows and every log line names. */
  readonly release: Release;
  /** The folder with a door's bundle. Default: where `build` writes it. */
  readonly bundleOf?: (door: string) => string;
}

export class ApiStack extends Stack {
  readonly #props: ApiStackProps;
  readonly #environment: CommonVariables;
  /** Roles and log groups of the functions. */
  readonly #support: NestedStack;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { stage, data, operations } = props;
    this.#props = props;
    this.#support = new NestedStack(this, "Support", { description: "Portico: roles and log groups of the functions" });

    const gateway = new Gateway(this, "Gateway", { stage, release: props.release.name });
    const publicUrl = this.#publicUrl(gateway);
    this.#environment = {
      STAGE: stage.name,
      PUBLIC_URL: publicUrl,
      TABLE_NAME: data.table.tableName,
      ALLOWED_ORIGINS: stage.corsOrigins.join(" "),
      LOG_LEVEL: stage.logLevel,
      PARTNER_TOKEN_SECONDS: String(stage.tokenLifetimes.partnerAccessSeconds),
      USER_TOKEN_SECONDS: String(stage.tokenLifetimes.userAccessSeconds),
      PUBLIC_CLIENTS: stage.publicClients.join(" "),
      ...this.#identityProvider(),
    };

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
      // CloudFormation runs the bootstrap when these change: once for each release. The time tells a rollback from a step ahead.
      properties: { Release: props.release.name, CommittedAt: props.release.committedAt },
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
    door: string,
    more: Pick<CommonVariables, "VERSION"> = {},
  ): OperationFunction {
    const { stage, data } = this.#props;
    return new OperationFunction(this, constructId(declaration.id), {
      stage,
      declaration,
      bundle: this.#bundle(door),
      environment: { ...this.#environment, ...more },
      support: this.#support,
      resources: {
        tableArn: data.table.tableArn,
        secretArns: {
          signingKeys: data.secrets.signingKeys.secretArn,
          clientSecretKey: data.secrets.clientSecretKey.secretArn,
          cursorKey: data.secrets.cursorKey.secretArn,
          refreshTokenKey: data.secrets.refreshTokenKey.secretArn,
          couponCodeKey: data.secrets.couponCodeKey.secretArn,
          rootSignIn: data.secrets.rootSignIn.secretArn,
        },
      },
    });
  }

  #bundle(door: string): string {
    return (this.#props.bundleOf ?? bundleFolder)(door);
  }

  /** The schedule is here and not beside its secret: that stack would need the function, and the function needs that stack. */
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
      // A deployment is no reason for a new key.
      rotateImmediatelyOnUpdate: false,
    });
    // Secrets Manager tries the function when the schedule is made: it must be allowed to, and there must be keys.
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

  /** The execute-api URL is spelled out from the API's id: the stage's own would need the functions, which need the URL. */
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

/** `partners.register` → `PartnersRegister`: never changes for an operation, since its named resources hang on it. */
function constructId(id: string): string {
  return id.replace(/(^|[.-])([a-z])/g, (_match, _separator, letter: string) => letter.toUpperCase());
}
