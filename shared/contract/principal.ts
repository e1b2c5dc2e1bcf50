/** The caller, as the authorizer identified it. */
import { requiredActions, type RequiredAction, type Role, type Scope } from "../domain/access.ts";
import type { PartnerLimits } from "../domain/limits.ts";
import type { Access, AnyOperation } from "./operation.ts";
import { notFound, Problem } from "../domain/problems.ts";

export type Principal =
  | {
      readonly kind: "partner";
      /** `ptr_…` */
      readonly id: string;
      readonly scopes: readonly Scope[];
      /** The access token's `jti`. */
      readonly tokenId: string;
      /** How long before its expiry a subscription is announced, as the partner has set it: `P7D`. Undefined: the default. */
      readonly expiryNotice?: string | undefined;
      /** How much it may call. Known to the authorizer alone. Undefined or null: the stage's defaults. */
      readonly limits?: PartnerLimits | null | undefined;
      /** The time on the test clock of a sandbox, RFC 3339; absent for a live partner. */
      readonly testClock?: string;
    }
  | {
      readonly kind: "user";
      /** `usr_…` */
      readonly id: string;
      readonly role: Role;
      readonly tokenId: string;
      /** `ses_…`, the session that the token belongs to. */
      readonly sessionId: string;
      /** How it signed in (RFC 8176); absent where that is not known. */
      readonly methods?: readonly string[];
      /** What the person has to do before anything else. */
      readonly requiredAction?: RequiredAction;
    };

/** The authorizer's context: flat and of strings, because API Gateway passes on nothing else. */
export interface AuthorizerContext {
  readonly kind: Principal["kind"];
  readonly id: string;
  readonly tokenId: string;
  /** Separated by spaces (RFC 6749 §3.3); empty for users. */
  readonly scope: string;
  /** Empty for partners. */
  readonly role: string;
  /** Empty for partners. */
  readonly sessionId: string;
  /** Empty for none. */
  readonly requiredAction: string;
  /** Separated by spaces; empty for partners. */
  readonly methods: string;
  /** Empty for users, and for partners with the default. */
  readonly expiryNotice: string;
  /** Empty for all but sandboxes. */
  readonly testClock: string;
}

export function toAuthorizerContext(principal: Principal): AuthorizerContext {
  return {
    kind: principal.kind,
    id: principal.id,
    tokenId: principal.tokenId,
    scope: principal.kind === "partner" ? principal.scopes.join(" ") : "",
    role: principal.kind === "user" ? principal.role : "",
    sessionId: principal.kind === "user" ? principal.sessionId : "",
    requiredAction: (principal.kind === "user" ? principal.requiredAction : undefined) ?? "",
    methods: (principal.kind === "user" ? (principal.methods ?? []) : []).join(" "),
    expiryNotice: (principal.kind === "partner" ? principal.expiryNotice : undefined) ?? "",
    testClock: (principal.kind === "partner" ? principal.testClock : undefined) ?? "",
  };
}

export function fromAuthorizerContext(context: Partial<AuthorizerContext>): Principal | undefined {
  const { kind, id, tokenId, scope = "", role, sessionId = "", methods = "", expiryNotice = "" } = context;
  const { testClock = "" } = context;
  if (id === undefined || tokenId === undefined) return undefined;
  if (kind === "partner") {
    const scopes = scope.split(" ") as Scope[];
    return {
      kind,
      id,
      tokenId,
      scopes,
      ...(expiryNotice !== "" && { expiryNotice }),
      ...(testClock !== "" && { testClock }),
    };
  }
  if (kind !== "user") return undefined;
  const requiredAction = requiredActions.find((action) => action === context.requiredAction);
  return {
    kind,
    id,
    tokenId,
    role: role as Role,
    sessionId,
    ...(methods !== "" && { methods: methods.split(" ") }),
    ...(requiredAction && { requiredAction }),
  };
}

/**
 * The partner that an administrator names, or that names itself.
 *
 * @throws Problem `not_found` for a partner that names a different one
 */
export function requireSelf(principal: Principal, partnerId: string): string {
  if (principal.kind === "partner" && principal.id !== partnerId) throw notFound();
  return partnerId;
}

/** @throws Problem `live_partner_required` for a sandbox */
export function requireLivePartner(principal: Principal): void {
  if (principal.kind === "partner" && principal.testClock !== undefined) {
    throw new Problem("live_partner_required", "A sandbox has no sandbox. Send a token of the live partner.");
  }
}

/** The role of a caller that is known to be a user. @throws Error for a partner: the declaration let the wrong one in */
export function requireRole(principal: Principal): Role {
  if (principal.kind !== "user") throw new Error("the operation is declared for users");
  return principal.role;
}

/** The session of a caller that is known to be a user. @throws Error for a partner */
export function requireSession(principal: Principal): string {
  if (principal.kind !== "user") throw new Error("the operation is declared for users");
  return principal.sessionId;
}

/**
 * Whether the principal has the rights that an operation declares.
 *
 * @returns the refusal, or undefined where the call is allowed
 */
export function refuseAccess(access: Access, principal: Principal | undefined): Problem | undefined {
  if (access === "public") return undefined;
  // The gateway requires the authorizer, so this check is a second line of defence.
  if (principal === undefined) return new Problem("token_missing", "Send an access token.");
  if (principal.kind === "partner") {
    if (access.partner === undefined) return new Problem("forbidden", "This operation is not available to partners.");
    const { scope } = access.partner;
    return scope === undefined || principal.scopes.includes(scope)
      ? undefined
      : new Problem("insufficient_scope", `This operation requires the scope ${scope}.`);
  }
  if (access.user === undefined) return new Problem("forbidden", "This operation is available to partners only.");
  return access.user.roles.includes(principal.role)
    ? undefined
    : new Problem("forbidden", `This operation requires the role ${access.user.roles.join(" or ")}.`);
}

const requiredActionProblems = {
  change_password: () =>
    new Problem(
      "password_change_required",
      "An administrator chose this password. Change it: POST /v1/users/me/password.",
    ),
  enrol_second_factor: () =>
    new Problem(
      "second_factor_enrolment_required",
      "Administrators need a second factor. Enrol one: POST /v1/users/me/second-factor. Whoever signs in at the identity provider " +
        "uses a second factor there.",
    ),
} as const satisfies Record<RequiredAction, () => Problem>;

/**
 * Whether the caller has to do something else before it may call an operation.
 *
 * @returns the refusal, or undefined where the call is allowed
 */
export function refuseRequiredAction(
  { allowedBefore = [] }: Pick<AnyOperation, "allowedBefore">,
  principal: Principal | undefined,
): Problem | undefined {
  if (principal?.kind !== "user" || principal.requiredAction === undefined) return undefined;
  const { requiredAction } = principal;
  return allowedBefore.includes(requiredAction) ? undefined : requiredActionProblems[requiredAction]();
}
