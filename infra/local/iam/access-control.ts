/**
 * IAM between the functions and engine and secrets: what a function's role in the template does not allow is denied, in AWS's
 * words. Identity-based policies only: there are no resource policies, boundaries or session policies in the templates, and
 * `model.ts` refuses them.
 */
import { LocalHostError } from "../support/errors.ts";
import { compileConditions, wildcard, type CallerContext, type Conditions, type Matcher } from "./policy-conditions.ts";
import { RequestReader, servicePrefixes, Unreadable, type AuthorizationRequest } from "./authorization-requests.ts";
import { isObject, type Json } from "../template/template-reader.ts";
import type { DeploymentModel, FunctionModel, RoleModel } from "../template/read-deployment.ts";
import { errorAnswer, type Interceptor, type ServiceAnswer, type ServiceCall } from "../services/service-proxy.ts";
import { mergeUsage, type Denial, type Grant, type RightsUsage } from "./rights-usage.ts";

/** What of a deployment decides over its functions' calls. */
export type GovernedModel = Pick<
  DeploymentModel,
  "region" | "accountId" | "tables" | "secrets" | "functions" | "roles"
>;

interface Pattern {
  readonly text: string;
  readonly matches: Matcher;
}

interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly Pattern[];
  readonly resources: readonly Pattern[];
  /** `NotAction`: what matches none of the patterns. */
  readonly exceptActions: boolean;
  /** `NotResource`: what matches none of the patterns. */
  readonly exceptResources: boolean;
  readonly conditions: Conditions;
}

export type Decision = "allowed" | "denied" | "explicitly denied";

const knownElements = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

function patternsOf(value: Json | undefined, where: string, compile: (pattern: string) => Matcher): readonly Pattern[] {
  const given = Array.isArray(value) ? (value as readonly Json[]) : [value];
  return given.map((text) => {
    if (typeof text !== "string") throw new LocalHostError(`${where} is not a string or a list of strings`);
    if (text.includes("${")) {
      throw new LocalHostError(`${where} has the policy variable ${text}, which the local host does not know`);
    }
    return { text, matches: compile(text) };
  });
}

/** The part of an action pattern before the colon, held against a service's prefix. */
const reaches = (pattern: string): boolean =>
  servicePrefixes.some((prefix) => wildcard(pattern.split(":")[0]?.toLowerCase() ?? "")(prefix));

function compileStatement(statement: Json, where: string): Statement | undefined {
  if (!isObject(statement)) throw new LocalHostError(`${where} is not an object`);
  const unknown = Object.keys(statement).find((name) => !knownElements.includes(name));
  if (unknown !== undefined) throw new LocalHostError(`${where}: element ${unknown} is not known to the local host`);
  const { Effect: effect, Action, NotAction, Resource, NotResource, Condition } = statement;
  if (effect !== "Allow" && effect !== "Deny") throw new LocalHostError(`${where}: Effect is neither Allow nor Deny`);
  if ((Action === undefined) === (NotAction === undefined)) {
    throw new LocalHostError(`${where} must have Action or NotAction`);
  }
  if ((Resource === undefined) === (NotResource === undefined)) {
    throw new LocalHostError(`${where} must have Resource or NotResource`);
  }
  const anyCase = (pattern: string): Matcher => wildcard(pattern.toLowerCase());
  const actions = patternsOf(
    Action ?? NotAction,
    `${where}: ${Action === undefined ? "NotAction" : "Action"}`,
    anyCase,
  );
  // Logs, traces, keys: services that no call can reach here.
  if (Action !== undefined && !actions.some(({ text }) => reaches(text))) return undefined;
  return {
    effect,
    actions,
    resources: patternsOf(
      Resource ?? NotResource,
      `${where}: ${Resource === undefined ? "NotResource" : "Resource"}`,
      wildcard,
    ),
    exceptActions: NotAction !== undefined,
    exceptResources: NotResource !== undefined,
    conditions: compileConditions(Condition, where),
  };
}

/** A role's statements, compiled. */
export class Role {
  readonly #statements: readonly Statement[];

  /**
   * @throws LocalHostError naming the role, the statement and what of it is not known
   */
  constructor({ arn, statements, managedPolicyArns }: RoleModel) {
    const [managed] = managedPolicyArns;
    if (managed !== undefined) {
      throw new LocalHostError(
        `role ${arn}: the local host does not know what the managed policy ${managed} allows; state the rights in the role itself`,
      );
    }
    this.#statements = statements.flatMap((statement, index) => {
      const sid = isObject(statement) && statement["Sid"] !== undefined ? ` (${String(statement["Sid"])})` : "";
      return compileStatement(statement, `role ${arn}: statement ${index + 1}${sid}`) ?? [];
    });
  }

  /** An explicit Deny wins; what nothing allows is denied. */
  decide(request: AuthorizationRequest, caller: CallerContext): Decision {
    let allowed = false;
    for (const statement of this.#statements) {
      if (!applies(statement, request, caller)) continue;
      if (statement.effect === "Deny") return "explicitly denied";
      allowed = true;
    }
    return allowed ? "allowed" : "denied";
  }

  /** Everything that the role allows, each right by itself. */
  grants(): readonly GrantedRight[] {
    return this.#statements.filter(({ effect }) => effect === "Allow").flatMap(rightsOf);
  }
}

const hit = (patterns: readonly Pattern[], text: string): boolean => patterns.some(({ matches }) => matches(text));

function applies(statement: Statement, request: AuthorizationRequest, caller: CallerContext): boolean {
  return (
    hit(statement.actions, request.action.toLowerCase()) !== statement.exceptActions &&
    hit(statement.resources, request.resource) !== statement.exceptResources &&
    statement.conditions.hold(request, caller)
  );
}

/** One of the rights that a statement grants. */
export interface GrantedRight {
  readonly action: string;
  readonly resource: string;
  readonly leadingKeys: string | undefined;
  readonly conditions: string;
  /** Whether an allowed request makes use of it. */
  readonly isUsedBy: (request: AuthorizationRequest, caller: CallerContext) => boolean;
}

function rightsOf(statement: Statement): readonly GrantedRight[] {
  const { actions, resources, exceptActions, exceptResources, conditions } = statement;
  // What is excepted is no list of rights: it is one right to the rest.
  const rest = (patterns: readonly Pattern[]): Pattern => ({
    text: `not ${patterns.map(({ text }) => text).join(", ")}`,
    matches: (text) => !hit(patterns, text),
  });
  const granted = exceptActions ? [rest(actions)] : actions.filter(({ text }) => reaches(text));
  const places = exceptResources ? [rest(resources)] : resources;
  const keys = conditions.leadingKeys ?? [undefined];
  return granted.flatMap((action) =>
    places.flatMap((resource) =>
      keys.map((key) => ({
        action: action.text,
        resource: resource.text,
        leadingKeys: key?.pattern,
        conditions: conditions.others,
        isUsedBy: (request: AuthorizationRequest, caller: CallerContext) =>
          action.matches(request.action.toLowerCase()) &&
          resource.matches(request.resource) &&
          (key === undefined || (request.leadingKeys ?? []).some(key.matches)) &&
          conditions.hold(request, caller),
      })),
    ),
  );
}

interface Governed {
  readonly role: Role;
  readonly functionName: string;
  /** `arn:aws:sts::<account>:assumed-role/<role>/<function>`. */
  readonly user: string;
  readonly caller: CallerContext;
  readonly reader: RequestReader;
  readonly rights: readonly { readonly right: GrantedRight; readonly counted: Counted }[];
}

type Counted = { -readonly [Member in keyof Grant]: Grant[Member] };

/** Judges every call of a deployment's functions and keeps count of the rights that they use. */
export class AccessControl {
  readonly #report: (line: string) => void;
  #governed: ReadonlyMap<string, Governed> = new Map();
  #grants: readonly Counted[] = [];
  /** By what the function was told; the leading keys are those of the first time. */
  readonly #denials = new Map<string, Denial>();

  /** @param report told of every denied call, in one line */
  constructor(report: (line: string) => void = () => undefined) {
    this.#report = report;
  }

  /**
   * Judges by the roles of this model from now on. A function that only the model before has is judged by that one still: its
   * last calls are under way.
   *
   * @returns puts the model before back in force
   * @throws LocalHostError when a function's role is missing, or says what the local host does not know
   */
  govern(model: GovernedModel): () => void {
    const [governed, grants] = [this.#governed, this.#grants];
    const counted = new Map(grants.map((grant) => [identityOf(grant), grant]));
    const roles = new Map<string, Role>();
    const reader = new RequestReader(model);
    const next = model.functions.map((declared) => {
      const roleModel = model.roles.get(declared.roleArn);
      if (roleModel === undefined) {
        throw new LocalHostError(`function ${declared.name}: its role ${declared.roleArn} is no role of the template`);
      }
      const role = roles.get(roleModel.arn) ?? new Role(roleModel);
      roles.set(roleModel.arn, role);
      const rights = role.grants().map((right) => {
        const grant = grantOf(declared.name, right);
        const known = counted.get(identityOf(grant)) ?? grant;
        counted.set(identityOf(grant), known);
        return { right, counted: known };
      });
      return [
        declared.id,
        { ...callerOf(model, declared), functionName: declared.name, role, reader, rights },
      ] as const;
    });
    this.#governed = new Map<string, Governed>([...governed, ...next]);
    this.#grants = [...new Set(next.flatMap(([, { rights }]) => rights.map(({ counted: grant }) => grant)))];
    return () => {
      this.#governed = governed;
      this.#grants = grants;
    };
  }

  /** Rights of the present model with their uses, and every denial so far. */
  usage(): RightsUsage {
    return mergeUsage([{ grants: this.#grants, denials: [...this.#denials.values()] }]);
  }

  /** Lets a call through or answers it; for the outermost place of a proxy. */
  readonly intercept: Interceptor = async (call, next) => this.judge(call) ?? (await next());

  /** The answer to a call that is denied; undefined for one that is allowed. */
  judge(call: Pick<ServiceCall, "functionId" | "service" | "action" | "body">): ServiceAnswer | undefined {
    const governed = this.#governed.get(call.functionId);
    if (governed === undefined) throw new Error(`${call.functionId} is no function of the template`);
    const { reader, role, caller } = governed;
    let requests: readonly AuthorizationRequest[];
    try {
      requests = reader.requestsOf(call);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return this.#deny(governed, call, error, error.message);
    }
    for (const request of requests) {
      const decision = role.decide(request, caller);
      if (decision === "allowed") continue;
      const reason = decision === "denied" ? `no identity-based policy allows the ${request.action} action` : undefined;
      return this.#deny(governed, call, request, reason);
    }
    for (const request of requests) {
      for (const { right, counted } of governed.rights) if (right.isUsedBy(request, caller)) counted.uses++;
    }
    return undefined;
  }

  #deny(
    { user, functionName }: Governed,
    { service }: Pick<ServiceCall, "service">,
    {
      action,
      resource,
      leadingKeys,
    }: { action: string; resource: string; leadingKeys?: readonly string[] | undefined },
    because: string | undefined,
  ): ServiceAnswer {
    const reason = because === undefined ? "with an explicit deny in an identity-based policy" : `because ${because}`;
    const message = `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${reason}`;
    const { times = 0, ...first } = this.#denials.get(message) ?? {};
    this.#denials.set(message, {
      ...{ functionName, action, resource, message },
      ...(leadingKeys && { leadingKeys }),
      ...first,
      times: times + 1,
    });
    this.#report(`denied: ${message}${leadingKeys === undefined ? "" : ` (leading keys: ${leadingKeys.join(", ")})`}`);
    const answer = errorAnswer("com.amazon.coral.service#AccessDeniedException", message);
    return service === "dynamodb"
      ? answer
      : { ...answer, headers: { ...answer.headers, "content-type": "application/x-amz-json-1.1" } };
  }
}

const identityOf = ({ functionName, action, resource, leadingKeys, conditions }: Grant): string =>
  JSON.stringify([functionName, action, resource, leadingKeys, conditions]);

function grantOf(functionName: string, { action, resource, leadingKeys, conditions }: GrantedRight): Counted {
  return {
    functionName,
    action,
    resource,
    ...(leadingKeys !== undefined && { leadingKeys }),
    ...(conditions !== "" && { conditions }),
    uses: 0,
  };
}

function callerOf(
  { region, accountId }: GovernedModel,
  { id, name, roleArn }: FunctionModel,
): Pick<Governed, "user" | "caller"> {
  const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  return {
    user: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${name}`,
    caller: {
      "aws:principalaccount": accountId,
      "aws:principalarn": roleArn,
      "aws:principalisawsservice": "false",
      "aws:principaltype": "AssumedRole",
      "aws:requestedregion": region,
      "aws:resourceaccount": accountId,
      // As in production, where the endpoints speak nothing but TLS.
      "aws:securetransport": "true",
      "aws:viaawsservice": "false",
      "lambda:sourcefunctionarn": id,
    },
  };
}
