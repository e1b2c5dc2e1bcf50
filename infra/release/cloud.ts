/** What releasing needs of AWS. Tests put an account of their own in its place; `aws.ts` has the real one. */

/** A deployment of API Gateway: a snapshot of all routes, which names a version of every function. */
export interface Deployment {
  readonly id: string;
  /** Name of the release that made it; empty where something else did. */
  readonly release: string;
  readonly createdAt: Date;
}

/** Which deployments the stage serves. */
export interface Served {
  readonly live: string;
  /** The deployment that a share of the traffic goes to. */
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
  /** What the stage serves; undefined where the stage is not deployed. */
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
  /** Names of the stage's alarms that ring. */
  ringingAlarms(): Promise<readonly string[]>;
}

/** What a deployment is checked against before anything changes. */
export interface Account {
  /** Account and Region that the credentials belong to. */
  identity(): Promise<{ readonly account: string; readonly region: string }>;
  /** The template that a stack was last deployed with; undefined where there is no such stack. */
  template(stack: string): Promise<unknown>;
  /** Name of a public hosted zone, without a dot at the end; undefined where the account has no zone of that id. */
  hostedZoneName(id: string): Promise<string | undefined>;
}

/** A refusal or failure that one line explains. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
}
