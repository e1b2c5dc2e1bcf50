import { LocalHostError } from "../support/errors.ts";
import type { ApiModel, AuthorizerModel, RouteModel } from "./deployment-model.ts";
import type { TemplateReader } from "./template-reader.ts";

/** Resource id → full path, including the root's. */
function readPaths(template: TemplateReader, rootId: string): ReadonlyMap<string, string> {
  const parts = new Map(
    template.ofType("AWS::ApiGateway::Resource").map(({ ref, properties }) => [ref, properties] as const),
  );
  const pathOf = (id: string): string => {
    const part = parts.get(id);
    return part === undefined ? "" : `${pathOf(part.ParentId)}/${part.PathPart}`;
  };
  return new Map([[rootId, "/"], ...[...parts.keys()].map((id) => [id, pathOf(id)] as const)]);
}

function readAuthorizers(template: TemplateReader): ReadonlyMap<string, AuthorizerModel> {
  return new Map(
    template.ofType("AWS::ApiGateway::Authorizer").map(({ ref, properties }) => [
      ref,
      {
        id: ref,
        functionId: functionIdOf(properties.AuthorizerUri),
        invokedArn: properties.AuthorizerUri,
        credentials: properties.AuthorizerCredentials,
        identitySources: properties.IdentitySource,
      },
    ]),
  );
}

function readRoutes(template: TemplateReader, rootId: string): readonly RouteModel[] {
  const paths = readPaths(template, rootId);
  const authorizers = readAuthorizers(template);
  return template.ofType("AWS::ApiGateway::Method").map(({ properties, refuse }) => {
    const { ResourceId, HttpMethod, AuthorizationType, AuthorizerId, Integration } = properties;
    const authorizer = AuthorizationType === "CUSTOM" ? authorizers.get(AuthorizerId ?? "") : undefined;
    if (AuthorizationType === "CUSTOM" && authorizer === undefined) refuse("AuthorizerId", "names no authorizer");
    return {
      resourceId: ResourceId,
      resourcePath: paths.get(ResourceId) ?? refuse("ResourceId", `${ResourceId} is no resource of the API`),
      method: HttpMethod,
      functionId: functionIdOf(Integration.Uri),
      invokedArn: Integration.Uri,
      credentials: Integration.Credentials,
      integrationTimeoutMilliseconds: Integration.TimeoutInMillis,
      authorizer,
    };
  });
}

/** The ARN without the number of a version: the local host runs one version of each function. */
function functionIdOf(arn: string): string {
  return arn.replace(/(:function:[^:]+):[0-9]+$/, "$1");
}

/** The template's API; undefined when it has none. */
export function readApi(template: TemplateReader): ApiModel | undefined {
  const [api, another] = template.ofType("AWS::ApiGateway::RestApi");
  if (api === undefined) return undefined;
  if (another !== undefined) throw new LocalHostError(`${another.where}: the local host serves one API only`);
  const [stage] = template.ofType("AWS::ApiGateway::Stage");
  if (stage === undefined) throw new LocalHostError(`${api.where} has no stage`);
  return {
    id: api.ref,
    stage: stage.ref,
    region: template.region,
    accountId: template.accountId,
    stageVariables: stage.properties.Variables,
    binaryMediaTypes: api.properties.BinaryMediaTypes,
    minimumCompressionSize: api.properties.MinimumCompressionSize,
    routes: readRoutes(template, api.resource.rootResourceId ?? ""),
    gatewayResponses: new Map(
      template.ofType("AWS::ApiGateway::GatewayResponse").map(({ properties }) => [
        properties.ResponseType,
        {
          statusCode: properties.StatusCode,
          parameters: properties.ResponseParameters,
          templates: properties.ResponseTemplates,
        },
      ]),
    ),
  };
}
