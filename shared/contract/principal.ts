/** The caller, as the authorizer identified it. */
import type { Role, Scope } from "../domain/access.ts";
import type { Access } from "./operation.ts";
import { notFound, Problem } from "../domain/problems.ts";

export type Principal =
  | {
      readonly kind: "partner";
      /** `ptr_…` */
      readonly id: string;
      readonly scopes: readonly Scope[];
      /** The access token's `jti`. */
      readonly tokenId: string;
    }
  | {
      readonly kind: "user";
      /** `usr_…` */
      readonly id: string;
      readonly role: Role;
      readonly tokenId: string;
      /** `ses_…`, the session that the token belongs to. */
      readonly sessionId: string;
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
}

export function toAuthorizerContext(principal: Principal): AuthorizerContext {
  return {
    kind: principal.kind,
    id: principal.id,
    tokenId: principal.tokenId,
    scope: principal.kind === "partner" ? principal.scopes.join(" ") : "",
    role: principal.kind === "user" ? principal.role : "",
    sessionId: principal.kind === "user" ? principal.sessionId : "",
  };
}

export function fromAuthorizerContext(context: Partial<AuthorizerContext>): Principal | undefined {
  const { kind, id, tokenId, scope = "", role, sessionId = "" } = context;
  if (id === undefined || tokenId === undefined) return undefined;
  if (kind === "partner") return { kind, id, tokenId, scopes: scope.split(" ") as Scope[] };
  if (kind === "user") return { kind, id, tokenId, role: role as Role, sessionId };
  return undefined;
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
