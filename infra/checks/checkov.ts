/** Has checkov, another project's eyes, look at the templates of production. It comes from PyPI, so it runs where there is Python. */
import { installedTool, jsonOutputOf } from "./python-tool.ts";

const version = "3.3.30";

/** Checks whose findings are accepted, each with the reason. */
export const acceptedChecks: Readonly<Record<string, string>> = {
  CKV_AWS_33:
    "the key's wildcard principal is limited to this account and to calls through DynamoDB and Secrets Manager",
  CKV_AWS_59: "methods without an authorizer are declared public; cdk-nag's APIG4 is acknowledged for each of them",
  CKV_AWS_115: "a reservation takes concurrency from all other functions; only sign-in has one (decision 0048)",
  CKV_AWS_116: "nothing is invoked asynchronously, and dead-letter queues serve asynchronous invocations only",
  CKV_AWS_117:
    "the functions call AWS's own endpoints and the identity provider; a VPC would add NAT and protect nothing",
  CKV_AWS_120: "a cached answer would outlive the revocation of a token (decision 0003)",
  CKV_AWS_158: "CloudWatch encrypts log groups with its own key, and log lines hold no secret and no personal data",
  CKV_AWS_173: "Lambda encrypts variables with its own key, and they hold settings and ARNs, never a secret",
  CKV_AWS_192: "nothing behind the firewall runs Java",
};

interface Report {
  readonly results: {
    readonly failed_checks: readonly {
      readonly check_id: string;
      readonly check_name: string;
      readonly resource: string;
    }[];
  };
}

/** A line for each finding that is not accepted, and for each acceptance without a finding. @param output of checkov, as JSON */
export function checkovComplaints(output: string): readonly string[] {
  const reports = [JSON.parse(output) as Report | readonly Report[]].flat() as readonly Partial<Report>[];
  const failed = reports.flatMap(({ results }) => {
    // Without results it has looked at nothing, which is not "no findings".
    if (results === undefined) throw new Error("checkov has no results: it has not read the templates");
    return results.failed_checks;
  });
  const found = new Set(failed.map(({ check_id }) => check_id));
  return [
    ...failed
      .filter(({ check_id }) => acceptedChecks[check_id] === undefined)
      .map(({ check_id, check_name, resource }) => `error: ${check_id} (checkov) at ${resource}: ${check_name}`),
    ...Object.keys(acceptedChecks)
      .filter((check) => !found.has(check))
      .map((check) => `error: ${check} (checkov) is accepted in infra/checks/checkov.ts, and nothing has it any more`),
  ];
}

/** Takes paths of templates; result: a line for each complaint. */
export type Checkov = (templates: readonly string[]) => Promise<readonly string[]>;

/** @returns undefined where there is no Python 3 that can install it */
export async function openCheckov(): Promise<Checkov | undefined> {
  const program = await installedTool("checkov", version);
  if (program === undefined) return undefined;
  const options = ["--framework", "cloudformation", "--quiet", "--compact", "--skip-download", "--output", "json"];
  return async (templates) => {
    const files = templates.flatMap((template) => ["--file", template]);
    return checkovComplaints(await jsonOutputOf(program, [...options, ...files]));
  };
}
