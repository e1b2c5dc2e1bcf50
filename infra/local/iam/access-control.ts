/**
 * Stands in for IAM between the functions and the table, secrets, queues and buses: a call that the function's role in the template does not
 * allow is denied, in AWS's words. Only the policies of roles count: the templates have no resource policies, boundaries or
 * session policies, and the host refuses a template that has them.
 */
import {
  contentTypeOf,
  errorAnswer,
  type Interceptor,
  type ServiceAnswer,
  type ServiceCall,
  type ServiceName,
} from "../services/service-proxy.ts";
import { LocalHostError } from "../support/errors.ts";
import type { DeploymentModel } from "../template/deployment-model.ts";
import { RequestReader, UnreadableCall, type AuthorizationRequest } from "./authorization-requests.ts";
import { rightId, type Denial, type RightsUsage, type RightUsage } from "./rights-usage.ts";
import { RolePolicy, type Right } from "./role-policy.ts";

/** The part of a deployment that decides its functions' calls. */
export type GovernedModel = Pick<
  DeploymentModel,
  "region" | "accountId" | "tables" | "secrets" | "functions" | "roles"
>;

type CountedUsage = RightUsage & { uses: number };

interface GovernedFunction {
  readonly functionName: string;
  readonly policy: RolePolicy;
  /** `arn:aws:sts::<account>:assumed-role/<role>/<function>`. */
  readonly user: string;
  readonly reader: RequestReader;
  /** The role's rights, each with the place where its uses are counted. */
  readonly rights: readonly { readonly right: Right; readonly usage: CountedUsage }[];
}

export class AccessControl {
  readonly #report: (line: string) => void;
  #functions: ReadonlyMap<string, GovernedFunction> = new Map<string, GovernedFunction>();
  #usages: readonly CountedUsage[] = [];
  readonly #denials = new Map<string, Denial>();

  /** @param report receives one line for each denied call */
  constructor(report: (line: string) => void = () => undefined) {
    this.#report = report;
  }

  /**
   * Judges by the roles of this model from now on. A function that only the previous model has keeps its role, for the calls
   * that it still makes.
   *
   * @returns puts the previous model back
   * @throws LocalHostError when a role is missing or holds what the local host does not know
   */
  govern(model: GovernedModel): () => void {
    const [functions, usages] = [this.#functions, this.#usages];
    const known = new Map(usages.map((usage) => [rightId(usage), usage]));
    const policies = new Map<string, RolePolicy>();
    const reader = new RequestReader(model);
    const next = model.functions.map(({ id, name, roleArn }) => {
      const role = model.roles.get(roleArn);
      if (role === undefined) {
        throw new LocalHostError(`function ${name}: its role ${roleArn} is no role of the template`);
      }
      const policy = policies.get(roleArn) ?? new RolePolicy(role);
      policies.set(roleArn, policy);
      const rights = policy.rights().map((right) => {
        const fresh = usageOf(name, right);
        const usage = known.get(rightId(fresh)) ?? fresh;
        known.set(rightId(usage), usage);
        return { right, usage };
      });
      const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
      const user = `arn:aws:sts::${model.accountId}:assumed-role/${roleName}/${name}`;
      return [id, { functionName: name, policy, user, reader, rights }] as const;
    });
    this.#functions = new Map<string, GovernedFunction>([...functions, ...next]);
    this.#usages = [...new Set(next.flatMap(([, { rights }]) => rights.map(({ usage }) => usage)))];
    return () => {
      this.#functions = functions;
      this.#usages = usages;
    };
  }

  /** The rights of the current model with their uses, and every denial so far. */
  usage(): RightsUsage {
    return { rights: this.#usages.map((usage) => ({ ...usage })), denials: [...this.#denials.values()] };
  }

  /** Lets a call pass or answers it. Belongs in front of all other interceptors. */
  readonly intercept: Interceptor = async (call, next) => this.judge(call) ?? (await next());

  /** The answer to a denied call; undefined for an allowed one. */
  judge(call: Pick<ServiceCall, "functionId" | "service" | "action" | "body">): ServiceAnswer | undefined {
    const governed = this.#functions.get(call.functionId);
    if (governed === undefined) throw new Error(`${call.functionId} is no function of the template`);
    const requests = this.#read(governed.reader, call);
    const denied =
      requests instanceof UnreadableCall
        ? this.#deny(governed, requests, `because ${requests.message}`)
        : this.#decide(governed, requests);
    return denied === undefined ? undefined : deniedAnswer(call.service, denied);
  }

  /**
   * Judges what Lambda itself does with the role of a function, such as reading its queue.
   *
   * @returns why it is denied; undefined when it is allowed
   */
  judgeLambda(functionId: string, requests: readonly AuthorizationRequest[]): string | undefined {
    const governed = this.#functions.get(functionId);
    if (governed === undefined) throw new Error(`${functionId} is no function of the template`);
    return this.#decide(governed, requests);
  }

  /** @returns why it is denied */
  #decide(governed: GovernedFunction, requests: readonly AuthorizationRequest[]): string | undefined {
    for (const request of requests) {
      const decision = governed.policy.decide(request);
      if (decision === "denied") {
        const reason = `because no identity-based policy allows the ${request.action} action`;
        return this.#deny(governed, request, reason);
      }
      if (decision === "explicitly denied") {
        return this.#deny(governed, request, "with an explicit deny in an identity-based policy");
      }
    }
    for (const request of requests) {
      for (const { right, usage } of governed.rights) if (right.isUsedBy(request)) usage.uses++;
    }
    return undefined;
  }

  #read(
    reader: RequestReader,
    call: Pick<ServiceCall, "service" | "action" | "body">,
  ): readonly AuthorizationRequest[] | UnreadableCall {
    try {
      return reader.requestsOf(call);
    } catch (error) {
      if (error instanceof UnreadableCall) return error;
      throw error;
    }
  }

  #deny(
    { user, functionName }: GovernedFunction,
    denied: AuthorizationRequest | UnreadableCall,
    reason: string,
  ): string {
    const { action, resource } = denied;
    const leadingKeys = denied instanceof UnreadableCall ? [] : denied.leadingKeys;
    const message = `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${reason}`;
    const known = this.#denials.get(message);
    this.#denials.set(message, {
      ...(known ?? { functionName, action, resource, message, ...(leadingKeys.length > 0 && { leadingKeys }) }),
      times: (known?.times ?? 0) + 1,
    });
    this.#report(`denied: ${message}${leadingKeys.length === 0 ? "" : ` (leading keys: ${leadingKeys.join(", ")})`}`);
    return message;
  }
}

function deniedAnswer(service: ServiceName, message: string): ServiceAnswer {
  const answer = errorAnswer("com.amazon.coral.service#AccessDeniedException", message);
  return { ...answer, headers: { ...answer.headers, "content-type": contentTypeOf(service) } };
}

function usageOf(functionName: string, { action, resource, leadingKeys, conditions }: Right): CountedUsage {
  return {
    functionName,
    action,
    resource,
    ...(leadingKeys !== undefined && { leadingKeys }),
    ...(conditions !== "" && { conditions }),
    uses: 0,
  };
}
