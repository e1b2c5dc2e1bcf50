/** The interface to AWS for releases. `aws.ts` implements it; tests use a simulated account. */

/** A deployment of API Gateway: a snapshot of all routes with the version of every function. */
export interface Deployment {
  readonly id: string;
  /** Name of the release that created it; empty when something else created it. */
  readonly release: string;
  readonly createdAt: Date;
}

/** The deployments that the stage serves. */
export interface Served {
  readonly live: string;
  /** The deployment that gets a share of the traffic. */
  readonly canary?: { readonly deployment: string; readonly percent: number };
}

export interface FunctionVersion {
  readonly functionName: string;
  readonly version: string;
  /** When its code and settings were those of the function; before the deployment that names it was made. */
  readonly publishedAt: Date;
  /** Whether a release has published it. */
  readonly isOurs: boolean;
}

/** One stage in its AWS account. */
export interface Cloud {
  /** The traffic of the stage; undefined when the stage is not deployed. */
  served(): Promise<Served | undefined>;
  deployments(): Promise<readonly Deployment[]>;
  /** Sends a share of the traffic to a deployment, the rest to the live one. Its requests know its release. */
  startCanary(deployment: Deployment, percent: number): Promise<void>;
  /** Sends all traffic to the live deployment. */
  endCanary(): Promise<void>;
  /** Makes a deployment the live one, for all traffic and at once, together with the name of its release. */
  switchTo(deployment: Deployment): Promise<void>;
  deleteDeployment(id: string): Promise<void>;
  versions(): Promise<readonly FunctionVersion[]>;
  deleteVersion(version: FunctionVersion): Promise<void>;
  /** Names of the stage's ringing alarms. */
  ringingAlarms(): Promise<readonly string[]>;
}

/** The account facts that a deployment is checked against before anything changes. */
export interface Account {
  /** Account and Region of the credentials. */
  identity(): Promise<{ readonly account: string; readonly region: string }>;
  /** The deployed template of a stack; undefined when the stack does not exist. */
  template(stack: string): Promise<unknown>;
  /** Name of a public hosted zone, without the final dot; undefined when the account has no zone with that id. */
  hostedZoneName(id: string): Promise<string | undefined>;
}

/** An expected failure, with a message of one line. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
}
