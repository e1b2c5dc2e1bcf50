/** Roles of users and scopes of partners' tokens: what a caller can be allowed to do. */

/**
 * The rights over a partner's own resources (RFC 6749 §3.3 scopes). `partner:manage` is the right over the partner itself, its
 * client secret and its tokens: a token narrowed to other scopes must not get all of them with a new secret.
 */
export const scopes = [
  "subscriptions:read",
  "subscriptions:write",
  "companies:read",
  "companies:write",
  "events:read",
  "webhooks:read",
  "webhooks:write",
  "partner:manage",
] as const;
export type Scope = (typeof scopes)[number];

export const roles = ["user", "admin", "root"] as const;
export type Role = (typeof roles)[number];

/** Roles that may do what an administrator may. */
export const administrators: readonly Role[] = ["admin", "root"];

/** What a person has to do before its other calls are served, in this order. */
export const requiredActions = ["change_password", "enrol_second_factor"] as const;
export type RequiredAction = (typeof requiredActions)[number];
