/** Every setting in which the deployments differ, as one typed value each. Nothing else may ask for a stage's name. */

import { RetentionDays } from "aws-cdk-lib/aws-logs";

/** How long access tokens live. */
export interface TokenLifetimes {
  readonly partnerAccessSeconds: number | "never";
  readonly userAccessSeconds: number | "never";
}

export interface Stage {
  readonly name: string;
  /** Handles real customers' data: `validateStage` then insists on its protection. */
  readonly production: boolean;
  /**
   * Where callers reach the API: API Gateway's own URL, a domain of the company's (which its DNS and an API Gateway domain
   * name lead here), or a parameter of the API stack.
   */
  readonly publicUrl: "execute-api" | "parameter" | `https://${string}`;
  readonly tokenLifetimes: TokenLifetimes;
  /** Origins whose pages may call the API from a browser; none switches CORS off. */
  readonly corsOrigins: readonly string[];
  readonly logRetention: RetentionDays;
  readonly logLevel: "DEBUG" | "INFO" | "WARN" | "ERROR";
  /** Who is told of alarms. */
  readonly alarmEmail?: string;
  /** What becomes of data and logs when their stack is deleted. */
  readonly removalPolicy: "retain" | "destroy";
  readonly deletionProtection: boolean;
  readonly pointInTimeRecovery: boolean;
  /** AWS WAF before the API. */
  readonly waf: boolean;
  /** Of all callers together. */
  readonly throttle: { readonly rateLimitPerSecond: number; readonly burstLimit: number };
}

const productionLifetimes: TokenLifetimes = { partnerAccessSeconds: 3600, userAccessSeconds: 900 };

export const dev: Stage = {
  name: "dev",
  production: false,
  publicUrl: "execute-api",
  tokenLifetimes: productionLifetimes,
  corsOrigins: [],
  logRetention: RetentionDays.ONE_MONTH,
  logLevel: "DEBUG",
  removalPolicy: "destroy",
  deletionProtection: false,
  pointInTimeRecovery: true,
  waf: false,
  throttle: { rateLimitPerSecond: 50, burstLimit: 100 },
};

export const prod: Stage = {
  name: "prod",
  production: true,
  publicUrl: "execute-api",
  tokenLifetimes: productionLifetimes,
  corsOrigins: [],
  logRetention: RetentionDays.ONE_YEAR,
  logLevel: "INFO",
  removalPolicy: "retain",
  deletionProtection: true,
  pointInTimeRecovery: true,
  waf: true,
  throttle: { rateLimitPerSecond: 500, burstLimit: 1000 },
};

/** The stage that `npm start` runs on one machine: production's rules, nothing that has to be kept. */
export const local: Stage = {
  ...dev,
  name: "local",
  publicUrl: "parameter",
  logRetention: RetentionDays.ONE_WEEK,
  logLevel: "INFO",
  throttle: { rateLimitPerSecond: 10_000, burstLimit: 5000 },
};

export const stages: readonly Stage[] = [dev, prod, local];

/**
 * Refuses a stage whose settings contradict each other or the contract.
 *
 * @throws Error naming the stage and every contradiction, in one line
 */
export function validateStage(stage: Stage): void {
  const { partnerAccessSeconds, userAccessSeconds } = stage.tokenLifetimes;
  const neverExpires = partnerAccessSeconds === "never" || userAccessSeconds === "never";
  const contradictions = [
    neverExpires && stage.name !== "dev" && "tokens that never expire are for the dev stage only",
    ![partnerAccessSeconds, userAccessSeconds].every((seconds) => seconds === "never" || isPositiveInteger(seconds)) &&
      "a token lifetime is a positive whole number of seconds",
    stage.removalPolicy === "destroy" &&
      stage.deletionProtection &&
      "what is protected cannot be destroyed with its stack",
    /^https:.*\/$/.test(stage.publicUrl) && "the public URL must not end with a slash",
    stage.corsOrigins.some((origin) => origin !== "*" && !isOrigin(origin)) &&
      "an origin is a scheme and a host, such as https://console.example.com",
    stage.throttle.rateLimitPerSecond <= 0 && "a rate limit of zero refuses every call",
    ...(stage.production ? productionContradictions(stage) : []),
  ].filter((contradiction) => contradiction !== false);
  if (contradictions.length > 0) throw new Error(`stage ${stage.name}: ${contradictions.join("; ")}`);
}

function productionContradictions(stage: Stage): readonly (string | false)[] {
  return [
    !stage.deletionProtection && "production needs deletion protection",
    !stage.pointInTimeRecovery && "production needs point-in-time recovery",
    stage.removalPolicy !== "retain" && "production keeps its data when a stack is deleted",
    !stage.waf && "production needs the web application firewall",
    stage.logLevel === "DEBUG" && "production does not log at DEBUG",
    stage.publicUrl === "parameter" && "production's URL is not a parameter",
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

/**
 * The stage that CDK's context chooses, checked.
 *
 * @param context reads one context value: `stage` (default `dev`), `tokensNeverExpire` (`true`), `alarmEmail`, `publicUrl`
 * @throws Error for an unknown stage or a contradiction, in one line
 * @example
 * cdk synth -c stage=prod -c alarmEmail=operations@example.com
 */
export function stageFrom(context: (key: string) => unknown): Stage {
  const name = context("stage") ?? dev.name;
  const base = stages.find((stage) => stage.name === name);
  if (!base) {
    throw new Error(
      `unknown stage ${JSON.stringify(name)}: choose one of ${stages.map((stage) => stage.name).join(", ")}`,
    );
  }
  const email = text(context, "alarmEmail", /^[^\s@]+@[^\s@]+$/);
  const url = text(context, "publicUrl", /^https:\/\/\S+$/);
  const neverExpire = text(context, "tokensNeverExpire", /^(true|false)$/) === "true";
  const stage: Stage = {
    ...base,
    ...(email !== undefined && { alarmEmail: email }),
    ...(url !== undefined && { publicUrl: url as `https://${string}` }),
    ...(neverExpire && { tokenLifetimes: { partnerAccessSeconds: "never", userAccessSeconds: "never" } }),
  };
  validateStage(stage);
  return stage;
}

function text(context: (key: string) => unknown, key: string, form: RegExp): string | undefined {
  const value = context(key);
  if (value === undefined) return undefined;
  // `cdk.json` may say `true`; `-c` always gives text.
  if (!form.test(String(value))) throw new Error(`context ${key}=${String(value)} is not of the form ${form.source}`);
  return String(value);
}
