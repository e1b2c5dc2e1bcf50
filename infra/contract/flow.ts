/**
 * The dependencies between the collection's requests that the declarations do not state: the values that a request
 * takes from earlier responses, and the values that it generates. Everything else, including the order, follows from
 * the declarations.
 */
import type { AnyOperation } from "../../shared/contract/operation.ts";

type Members = Readonly<Record<string, unknown>>;

export interface Step {
  /** Members that replace those of the example body. A member that is `undefined` is removed. */
  readonly body?: Members;
  /** Collection variables that are set from members of the response. */
  readonly keeps?: Readonly<Record<string, string>>;
}

export interface OpeningStep extends Step {
  readonly operation: AnyOperation["id"];
  readonly name: string;
}

/** The variables that a person sets before a run. Requests set the others. */
export const inputs: Readonly<Record<string, { readonly value: string; readonly description: string }>> = {
  baseUrl: { value: "http://127.0.0.1:3000", description: "Where Portico runs, without a slash at the end" },
  rootUsername: { value: "root", description: "Name of the root user, or of another administrator" },
  rootPassword: { value: "", description: "Its password. Keep it in an environment or in your vault, not in here" },
};

/** Sets the values that differ in every run. It runs before the first request. */
export const preparation: readonly string[] = [
  `pm.collectionVariables.set("run", Date.now().toString(36));`,
  `pm.collectionVariables.set("userPassword", pm.variables.replaceIn("{{$guid}}"));`,
];
export const prepared: readonly string[] = ["run", "userPassword"];

const client = { client_id: "{{clientId}}", client_secret: "{{clientSecret}}" };
const reader = { username: "{{username}}", password: "{{userPassword}}" };

/** A token request without a scope grants all scopes. */
const allScopes = { ...client, scope: undefined };

/** The first requests: a token of an administrator, of a user without further rights, and of a partner. */
export const opening: readonly OpeningStep[] = [
  {
    operation: "auth.login",
    name: "Sign in as the root user",
    body: { username: "{{rootUsername}}", password: "{{rootPassword}}" },
    keeps: { adminToken: "accessToken" },
  },
  {
    operation: "users.create",
    name: "Create a user",
    body: { ...reader, username: "reader-{{run}}" },
    keeps: { username: "username" },
  },
  { operation: "auth.login", name: "Sign in as this user", body: reader, keeps: { userToken: "accessToken" } },
  {
    operation: "partners.register",
    name: "Register a partner",
    body: { email: "api-{{run}}@bluebicycle.example" },
    keeps: { clientId: "clientId", clientSecret: "clientSecret" },
  },
  { operation: "oauth.token", name: "Get its access token", body: allScopes, keeps: { partnerToken: "access_token" } },
];

/** Requests that need more than their examples provide. */
export const steps: Readonly<Record<AnyOperation["id"], Step>> = {
  "oauth.token": { body: allScopes, keeps: { partnerToken: "access_token" } },
  "oauth.introspect": { body: { ...client, token: "{{partnerToken}}" } },
  "oauth.revoke": { body: { ...client, token: "{{partnerToken}}" } },
  "auth.login": { body: reader },
  "users.create": {
    body: { username: "member-{{run}}", password: "{{userPassword}}" },
    keeps: { memberName: "username" },
  },
  // The examples suspend, but later requests need an active partner and user.
  "users.change": { body: { status: "active" } },
  "partners.change": { body: { status: "active" } },
  "users.change-password": { body: { currentPassword: "{{userPassword}}", newPassword: "{{userPassword}}" } },
  "coupons.create": { body: { code: "MUSEUM-{{run}}" } },
  "coupons.change": { body: { active: true } },
  "coupons.redeem": { body: { code: "MUSEUM-{{run}}" } },
  "threads.create": { body: { participants: ["{{memberName}}"] } },
  "companies.add-account": { body: { accountNumber: "7654321" } },
  "partners.register": { body: { email: "sales-{{run}}@bluebicycle.example" } },
};

/** Runs last, like the deletions: it ends the tokens that the other requests need. */
export const endings: readonly AnyOperation["id"][] = ["auth.logout", "oauth.revoke"];
