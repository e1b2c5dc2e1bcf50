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
  /** Parameters of the path that no creation names. */
  readonly path?: Readonly<Record<string, string>>;
  /** Lines of the script that runs before the request. */
  readonly before?: readonly string[];
  /** The variable with the access token, if it is not that of the caller whom the declaration names. */
  readonly token?: string;
}

export interface OpeningStep extends Step {
  readonly operation: AnyOperation["id"];
  readonly name: string;
}

/** The variables that a person sets before a run. Requests set the others. */
type Inputs = Readonly<Record<string, { readonly value: string; readonly description: string }>>;

/** What makes a collection run from its first request to its last. */
export interface Flow {
  readonly title: string;
  readonly introduction: string;
  /** Description of the first folder. */
  readonly tokensDescription: string;
  readonly inputs: Inputs;
  /** Lines that run before the first request, and the variables that they set. */
  readonly preparation: readonly string[];
  readonly prepared: readonly string[];
  readonly opening: readonly OpeningStep[];
  readonly steps: Readonly<Record<AnyOperation["id"], Step>>;
  readonly endings: readonly AnyOperation["id"][];
}

const webhookUrl = {
  value: "https://shop.example/webhooks/portico",
  description: "Where webhooks are sent. A local Portico also sends to 127.0.0.1",
};

export const inputs: Inputs = {
  baseUrl: { value: "http://127.0.0.1:3000", description: "Where Portico runs, without a slash at the end" },
  rootUsername: { value: "root", description: "Name of the root user, or of another administrator" },
  rootPassword: { value: "", description: "Its password. Keep it in an environment or in your vault, not in here" },
  webhookUrl,
};

/** Sets the values that differ in every run. It runs before the first request. */
export const preparation: readonly string[] = [
  `pm.collectionVariables.set("run", Date.now().toString(36));`,
  `pm.collectionVariables.set("firstPassword", pm.variables.replaceIn("{{$guid}}"));`,
  `pm.collectionVariables.set("userPassword", pm.variables.replaceIn("{{$guid}}"));`,
];
export const prepared: readonly string[] = [
  ...["run", "firstPassword", "userPassword", "totpCode"],
  ...["sessionId", "invitedId", "linkToken", "otherCompanyId", "sandboxToken"],
];

/** Sets the code that an authenticator app would show for the secret (RFC 6238). */
const computeTotpCode: readonly string[] = [
  `const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";`,
  `const bits = [...pm.collectionVariables.get("totpSecret")].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");`,
  `const key = CryptoJS.enc.Hex.parse(bits.match(/.{4}/g).map((group) => parseInt(group, 2).toString(16)).join(""));`,
  `const counter = Math.floor(Date.now() / 30000).toString(16).padStart(16, "0");`,
  `const mac = CryptoJS.HmacSHA1(CryptoJS.enc.Hex.parse(counter), key).toString();`,
  `const number = parseInt(mac.substr(parseInt(mac.slice(-1), 16) * 2, 8), 16) & 0x7fffffff;`,
  `pm.collectionVariables.set("totpCode", String(number % 1000000).padStart(6, "0"));`,
];

const client = { client_id: "{{clientId}}", client_secret: "{{clientSecret}}" };
const reader = { username: "{{username}}", password: "{{userPassword}}" };
/** As the administrator makes it: its owner has to choose another password. */
const newReader = { username: "{{username}}", password: "{{firstPassword}}" };

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
    body: { ...newReader, username: "reader-{{run}}" },
    keeps: { username: "username" },
  },
  { operation: "auth.login", name: "Sign in as this user", body: newReader, keeps: { userToken: "accessToken" } },
  {
    operation: "users.change-password",
    name: "Choose another password",
    body: { currentPassword: "{{firstPassword}}", newPassword: "{{userPassword}}" },
  },
  {
    operation: "partners.register",
    name: "Register a partner",
    body: { email: "api-{{run}}@bluebicycle.example" },
    keeps: { clientId: "clientId", clientSecret: "clientSecret" },
  },
  { operation: "oauth.token", name: "Get its access token", body: allScopes, keeps: { partnerToken: "access_token" } },
];

/** Begins a session that the request can end without ending a token that others need. @param username a variable */
const newSession = (username: string): readonly string[] => [
  "pm.sendRequest(",
  "  {",
  `    url: pm.variables.replaceIn("{{baseUrl}}/v1/auth/login"),`,
  `    method: "POST",`,
  `    header: { "content-type": "application/json" },`,
  `    body: pm.variables.replaceIn('{"username":"${username}","password":"{{userPassword}}"}'),`,
  "  },",
  "  (error, response) => {",
  "    if (error) throw error;",
  `    const [, claims] = response.json().accessToken.split(".");`,
  `    const { sid } = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));`,
  `    pm.collectionVariables.set("sessionId", sid);`,
  "  },",
  ");",
];

/** Sends a request with JSON before the shown one. @param then lines that read `response` */
const beforehand = (
  path: string,
  token: string,
  body: object | undefined,
  then: readonly string[],
): readonly string[] => [
  "pm.sendRequest(",
  "  {",
  `    url: pm.variables.replaceIn("{{baseUrl}}${path}"),`,
  `    method: "POST",`,
  `    header: {`,
  `      "content-type": "application/json",`,
  `      authorization: pm.variables.replaceIn("Bearer {{${token}}}"),`,
  `    },`,
  `    body: pm.variables.replaceIn(${JSON.stringify(JSON.stringify(body))}),`,
  "  },",
  "  (error, response) => {",
  "    if (error) throw error;",
  ...then.map((line) => `    ${line}`),
  "  },",
  ");",
];

/** Invites somebody, and keeps the token of the one-time link. */
const invitation = beforehand("/v1/users", "adminToken", { username: "invited-{{run}}", name: "Ada Lovelace" }, [
  `pm.collectionVariables.set("invitedId", response.json().id);`,
  ...beforehand("/v1/users/{{invitedId}}/password-reset", "adminToken", {}, [
    `pm.collectionVariables.set("linkToken", response.json().token);`,
  ]),
]);

/** A company that no other request needs. */
const otherCompany = beforehand(
  "/v1/companies",
  "partnerToken",
  { name: "Closed shop", phone: "551130001234", declaredBilling: "1.00", bankAccounts: [] },
  [`pm.collectionVariables.set("otherCompanyId", response.json().id);`],
);

/** Gets a token of the sandbox, whose requests the live partner cannot make. */
const sandboxToken: readonly string[] = [
  "pm.sendRequest(",
  "  {",
  `    url: pm.variables.replaceIn("{{baseUrl}}/oauth/token"),`,
  `    method: "POST",`,
  `    header: { "content-type": "application/x-www-form-urlencoded" },`,
  "    body: {",
  `      mode: "urlencoded",`,
  "      urlencoded: [",
  `        { key: "grant_type", value: "client_credentials" },`,
  `        { key: "client_id", value: pm.variables.get("sandboxClientId") },`,
  `        { key: "client_secret", value: pm.variables.get("sandboxClientSecret") },`,
  "      ],",
  "    },",
  "  },",
  "  (error, response) => {",
  "    if (error) throw error;",
  `    pm.collectionVariables.set("sandboxToken", response.json().access_token);`,
  "  },",
  ");",
];

const inSandbox = { token: "sandboxToken", before: sandboxToken } as const;

const ofPartner = { path: { partnerId: "{{clientId}}" } } as const;

/** Requests of partners that need more than their examples provide. */
const partnerSteps: Flow["steps"] = {
  "oauth.token": { body: allScopes, keeps: { partnerToken: "access_token" } },
  "oauth.introspect": { body: { ...client, token: "{{partnerToken}}" } },
  "oauth.revoke": { body: { ...client, token: "{{partnerToken}}" } },
  "companies.add-account": { body: { accountNumber: "7654321" } },
  "events.list": { keeps: { eventId: "items[0].id" } },
  "events.read": { path: { eventId: "{{eventId}}" } },
  "partners.change": { body: { status: undefined, dpopBoundAccessTokens: false } },
  "sandbox.create": { keeps: { sandboxClientId: "clientId", sandboxClientSecret: "clientSecret" } },
  "sandbox.new-secret": { keeps: { sandboxClientSecret: "clientSecret" } },
  "test-clock.read": inSandbox,
  "test-clock.advance": inSandbox,
  "webhooks.create": { body: { url: "{{webhookUrl}}" } },
  // The example disables, but later requests need an endpoint that is enabled.
  "webhooks.change": { body: { status: undefined, description: "Orders of the shop" } },
  "webhooks.test": { keeps: { deliveryId: "id" } },
  "webhooks.redeliver": { path: { deliveryId: "{{deliveryId}}" } },
};

/** Requests that need more than their examples provide. */
export const steps: Flow["steps"] = {
  ...partnerSteps,
  "auth.login": { body: reader },
  "auth.reset-password": { body: { token: "{{linkToken}}" }, before: invitation },
  "companies.read-of-partner": ofPartner,
  "companies.delete-of-partner": {
    path: { ...ofPartner.path, companyId: "{{otherCompanyId}}" },
    before: otherCompany,
  },
  "subscriptions.read-of-partner": ofPartner,
  "subscriptions.history-of-partner": ofPartner,
  "subscriptions.cancel-of-partner": ofPartner,
  "subscriptions.erase-personal-data-of-partner": ofPartner,
  "users.create": {
    body: { username: "member-{{run}}", password: "{{userPassword}}" },
    keeps: { memberName: "username" },
  },
  // The examples suspend, but later requests need an active partner and user.
  "users.change": { body: { status: "active" } },
  "partners.change": { body: { status: "active" } },
  "privacy.export-external-user": ofPartner,
  "users.change-password": { body: { currentPassword: "{{userPassword}}", newPassword: "{{userPassword}}" } },
  "users.end-own-session": { path: { sessionId: "{{sessionId}}" }, before: newSession("{{username}}") },
  "users.end-session": { path: { sessionId: "{{sessionId}}" }, before: newSession("{{memberName}}") },
  "users.enrol-second-factor": { body: { password: "{{userPassword}}" }, keeps: { totpSecret: "secret" } },
  "users.confirm-second-factor": {
    body: { code: "{{totpCode}}" },
    keeps: { recoveryCode: "recoveryCodes[0]" },
    before: computeTotpCode,
  },
  "users.renew-recovery-codes": { body: { code: "{{recoveryCode}}" }, keeps: { recoveryCode: "recoveryCodes[0]" } },
  "users.remove-second-factor": { body: { code: "{{recoveryCode}}" } },
  "coupons.create": { body: { code: "MUSEUM-{{run}}" } },
  "coupons.change": { body: { active: true } },
  "coupons.redeem": { body: { code: "MUSEUM-{{run}}" } },
  "threads.create": { body: { participants: ["{{memberName}}"] } },
  "partners.register": { body: { email: "sales-{{run}}@bluebicycle.example" } },
};

/** Runs last, like the deletions: it ends the tokens that the other requests need. */
export const endings: readonly AnyOperation["id"][] = ["auth.logout", "oauth.revoke"];

/** The flow over all operations, from an administrator's sign-in on. */
export const fullFlow: Flow = {
  title: "Portico",
  introduction: [
    "Every operation of Portico, made from the contract: `npm run generate` writes this file.",
    "Give `rootPassword` in an environment, then run the collection as a whole, or the folder *Tokens* and after it what you like. " +
      "Scripts keep tokens and ids in the collection's variables. What it makes is new with each run; *Endings* deletes.",
  ].join("\n\n"),
  tokensDescription: "Tokens of an administrator, of a user and of a partner, which the other requests use.",
  inputs,
  preparation,
  prepared,
  opening,
  steps,
  endings,
};

/**
 * The flow of a partner, which has its client id and its client secret.
 *
 * @param baseUrl where the partner reaches Portico
 * @param operations those of the collection: a partner in a path is the caller itself
 */
export function partnerFlow(baseUrl: string, operations: readonly AnyOperation[]): Flow {
  const onItself = operations.filter(({ path }) => path.includes("{partnerId}"));
  const path = { partnerId: "{{clientId}}" };
  return {
    title: "Portico for partners",
    introduction: [
      "A partner's operations, made from the contract.",
      "Set `clientId` and `clientSecret` in an environment, then run the folder *Tokens* and after it what you like. Scripts keep the " +
        "token and ids in the collection's variables. Calls are real: they sell, change and delete what belongs to this partner, and at the " +
        "end its sandbox. Run a second time, the collection begins anew.",
    ].join("\n\n"),
    tokensDescription: "The partner's access token, which the other requests use.",
    inputs: {
      baseUrl: { value: baseUrl, description: "Where the API is, without a slash at the end" },
      clientId: { value: "", description: "Client id of the partner" },
      clientSecret: {
        value: "",
        description: "Client secret of the partner. Keep it in an environment or in your vault",
      },
      webhookUrl,
    },
    preparation: [`pm.collectionVariables.set("run", Date.now().toString(36));`],
    prepared: ["run", "sandboxToken"],
    opening: [
      {
        operation: "oauth.token",
        name: "Get an access token",
        body: allScopes,
        keeps: { partnerToken: "access_token" },
      },
    ],
    steps: {
      ...partnerSteps,
      ...Object.fromEntries(onItself.map(({ id }) => [id, { ...partnerSteps[id], path }])),
      // The same secret again: the next run begins with it.
      "partners.new-secret": { path, body: { secret: "{{clientSecret}}" } },
    },
    endings: ["partners.new-secret", "partners.revoke-tokens", "oauth.revoke"],
  };
}
