/** Refuses a stage with incomplete settings, or with settings that contradict each other or the contract. */
import {
  isBurstInRange,
  maxBurstSeconds,
  maxRequestsPerMonth,
  maxRequestsPerSecond,
  minBurstSeconds,
} from "../../shared/domain/limits.ts";
import { copiesContradictions } from "./copies.ts";
import { operationsContradictions } from "./operations.ts";
import { fillIn, isUrl, type Stage } from "./stage.ts";

/**
 * Checks a stage.
 *
 * @throws Error of one line that names the stage and all its errors
 */
export function validateStage(stage: Stage): void {
  const missing = unfilled(stage);
  if (missing.length > 0) {
    throw new Error(`stage ${stage.name}: fill in ${missing.join(", ")} in infra/stages/${stage.name}.ts`);
  }
  const contradictions = [
    ...formContradictions(stage),
    ...sessionContradictions(stage),
    ...limitContradictions(stage.partnerLimits),
    ...addressContradictions(stage),
    ...identityProviderContradictions(stage.identityProvider),
    ...operationsContradictions(stage.operations),
    ...restoreContradictions(stage),
    ...copiesContradictions(stage.copies ?? {}, stage),
    ...(stage.production ? productionContradictions(stage) : []),
  ].filter((contradiction) => contradiction !== false);
  if (contradictions.length > 0) throw new Error(`stage ${stage.name}: ${contradictions.join("; ")}`);
}

/** Paths of the settings that the company has not filled in: `publicUrl`, `operations.alarms.page`. */
export function unfilled(stage: Stage): readonly string[] {
  const walk = (value: unknown, path: string): readonly string[] => {
    if (value === fillIn) return [path];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([name, member]) => walk(member, path === "" ? name : `${path}.${name}`));
  };
  return walk(stage, "");
}

type Contradictions = readonly (string | false)[];

function formContradictions(stage: Stage): Contradictions {
  const { partnerAccessSeconds, userAccessSeconds } = stage.tokenLifetimes;
  const lifetimes = [partnerAccessSeconds, userAccessSeconds];
  return [
    !/^[a-z][a-z0-9]{0,11}$/.test(stage.name) && "a stage's name is a letter and at most 11 letters and digits",
    lifetimes.includes("never") && stage.name !== "dev" && "tokens that never expire are for the dev stage only",
    !lifetimes.every((seconds) => seconds === "never" || isPositiveInteger(seconds)) &&
      "a token lifetime is a positive whole number of seconds",
    stage.removalPolicy === "destroy" &&
      stage.deletionProtection &&
      "what is protected cannot be destroyed with its stack",
    stage.publicClients.length === 0 && "people sign in with a public client, so there must be one",
    !stage.publicClients.every((client) => /^[\x21-\x7e]{1,100}$/.test(client)) &&
      "a client id has 1 to 100 visible ASCII characters",
    stage.corsOrigins.some((origin) => origin !== "*" && !isOrigin(origin)) &&
      "an origin is a scheme and a host, such as https://console.example.com",
    stage.throttle.rateLimitPerSecond <= 0 && "a rate limit of zero refuses every call",
    stage.canary !== undefined &&
      !(stage.canary.percent > 0 && stage.canary.percent < 100 && stage.canary.minutes > 0) &&
      "a canary has between 0 and 100 percent of the traffic, for some minutes",
  ];
}

/** The principal's state remembers fifty ended sessions. */
const maxSessions = 50;

function sessionContradictions({ sessions, tokenLifetimes }: Stage): Contradictions {
  const { maxAgeSeconds, administratorMaxAgeSeconds, maxPerUser } = sessions;
  const { userAccessSeconds } = tokenLifetimes;
  const ages = [maxAgeSeconds, administratorMaxAgeSeconds];
  return [
    !ages.every((seconds) => isPositiveInteger(seconds) && seconds <= 999_999_999) &&
      "the maximum age of a session is a positive whole number of seconds, of at most 9 digits",
    userAccessSeconds !== "never" &&
      ages.some((seconds) => seconds < userAccessSeconds) &&
      "a session lasts at least as long as an access token",
    !(isPositiveInteger(maxPerUser) && maxPerUser <= maxSessions) &&
      `a user has at least one session and at most ${maxSessions}`,
  ];
}

function limitContradictions(limits: Stage["partnerLimits"]): Contradictions {
  const { requestsPerSecond, requestsPerMonth } = limits;
  return [
    !(isPositiveInteger(requestsPerSecond) && requestsPerSecond <= maxRequestsPerSecond) &&
      `a partner's rate is a positive whole number of at most ${maxRequestsPerSecond} requests a second`,
    !(isPositiveInteger(limits.burst) && isBurstInRange(limits)) &&
      `a partner's burst is what its rate gives in ${minBurstSeconds} to ${maxBurstSeconds} seconds`,
    !(isPositiveInteger(requestsPerMonth) && requestsPerMonth <= maxRequestsPerMonth) &&
      "a partner's monthly quota is a positive whole number of at most 9 digits",
  ];
}

function addressContradictions(stage: Stage): Contradictions {
  const { account, region, repository, publicUrl, hostedZone } = stage;
  return [
    repository !== undefined && !/^[\w.-]+\/[\w.-]+$/.test(repository) && "a repository is owner/name",
    account !== undefined && !/^[0-9]{12}$/.test(account) && "an AWS account has 12 digits",
    region !== undefined && !/^[a-z]{2}(-[a-z]+)+-[0-9]$/.test(region) && "a Region is named as in eu-central-1",
    isUrl(publicUrl) &&
      !isBaseUrl(publicUrl) &&
      "the public URL is https, without a query and without a slash at the end",
    hostedZone !== undefined && !/^Z[A-Z0-9]{3,31}$/.test(hostedZone.id) && "the id of a hosted zone begins with Z",
    hostedZone !== undefined && !isUrl(publicUrl) && "a hosted zone needs a public URL of yours",
    hostedZone !== undefined &&
      isUrl(publicUrl) &&
      !isHostOf(publicUrl, hostedZone.name) &&
      `the public URL is no host of the hosted zone ${hostedZone.name}`,
  ];
}

/** Symmetric algorithms and `none` prove no identity: the verifier, or anybody, could sign with them. */
const asymmetricAlgorithms = /^(EdDSA|Ed25519|(RS|PS|ES)(256|384|512))$/;

function identityProviderContradictions(provider: Stage["identityProvider"]): Contradictions {
  if (provider === undefined || provider === "parameter") return [];
  return [
    !/^https:\/\/\S+$/.test(provider.issuer) && "the identity provider's issuer is an https URL",
    !/^https:\/\/\S+$/.test(provider.jwksUri) && "the identity provider's JWKS URI is an https URL",
    !/\S/.test(provider.audience) && "the identity provider's tokens need an audience",
    (provider.algorithms.length === 0 || !provider.algorithms.every((name) => asymmetricAlgorithms.test(name))) &&
      "the identity provider signs with asymmetric algorithms only",
  ];
}

function restoreContradictions({ restoredTable, restoredStream, tokensFrom }: Stage): Contradictions {
  return [
    tokensFrom !== undefined &&
      !(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(tokensFrom) && !Number.isNaN(Date.parse(tokensFrom))) &&
      "tokensFrom is a time such as 2026-11-21T20:15:00Z",
    restoredTable !== undefined &&
      !/^[A-Za-z0-9_.-]{3,255}$/.test(restoredTable) &&
      "the name of a table has 3 to 255 letters, digits, dots, hyphens and underscores",
    restoredTable !== undefined &&
      tokensFrom === undefined &&
      "a restored table needs tokensFrom, or revoked tokens would be valid again",
    restoredTable !== undefined &&
      restoredStream?.includes(`:table/${restoredTable}/stream/`) !== true &&
      "a restored table needs restoredStream, the ARN of its stream, or no event would reach a webhook",
    restoredTable === undefined && restoredStream !== undefined && "restoredStream is the stream of a restored table",
  ];
}

function productionContradictions(stage: Stage): Contradictions {
  return [
    (stage.account === undefined || stage.region === undefined) && "production names its AWS account and its Region",
    !isUrl(stage.publicUrl) &&
      "production needs a URL of yours: it is the issuer of every token, and API Gateway's own goes with the API",
    stage.operations.alarms === undefined && "production needs addresses for its alarms",
    stage.identityProvider === "parameter" && "production's identity provider is not a parameter",
    !stage.deletionProtection && "production needs deletion protection",
    !stage.pointInTimeRecovery && "production needs point-in-time recovery",
    stage.removalPolicy !== "retain" && "production keeps its data when a stack is deleted",
    !stage.waf && "production needs the web application firewall",
    stage.webhooksToPrivateAddresses && "production sends no webhooks to private addresses",
    stage.logLevel === "DEBUG" && "production does not log at DEBUG",
    stage.corsOrigins.some((origin) => !origin.startsWith("https://")) &&
      "production lists its origins one by one, and each is https",
  ];
}

function isPositiveInteger(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}

function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value;
}

function isBaseUrl(value: string): boolean {
  return /^https:\/\/\S+[^/]$/.test(value) && URL.canParse(value) && !/[?#]/.test(value);
}

function isHostOf(url: string, zone: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, origin } = new URL(url);
  // The domain name is mapped to the whole stage, so the URL cannot have a path.
  return origin === url && (hostname === zone || hostname.endsWith(`.${zone}`));
}
