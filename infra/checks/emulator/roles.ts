/** Roles with their policies, in one request. IAM answers in XML, which no client of the project reads. */
import { region } from "./stack-values.ts";

type Entry = readonly [string, Readonly<Record<string, unknown>>];

/** Roles of the stacks; those that the CDK's own bootstrap stack has made are left out. */
export async function rolesOf(endpoint: string): Promise<readonly Entry[]> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      // The emulator takes the service from the scope and checks no signature.
      authorization: `AWS4-HMAC-SHA256 Credential=emulated/20260101/${region}/iam/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({
      Action: "GetAccountAuthorizationDetails",
      Version: "2010-05-08",
      "Filter.member.1": "Role",
    }),
  });
  if (!response.ok) throw new Error(`the emulator's IAM answers ${response.status}`);
  return readRoles(await response.text());
}

/** @param xml the answer to `GetAccountAuthorizationDetails` */
export function readRoles(xml: string): readonly Entry[] {
  return xml
    .split("<RoleName>")
    .slice(1)
    .map((part): Entry => {
      const name = part.slice(0, part.indexOf("<"));
      const trust = /<AssumeRolePolicyDocument>([^<]*)</.exec(part)?.[1] ?? "";
      const inline = part.matchAll(/<PolicyName>([^<]*)<\/PolicyName><PolicyDocument>([^<]*)</g);
      const attached = part.matchAll(/<PolicyArn>([^<]+)</g);
      const arns = [...attached].map(([, arn = ""]) => arn);
      return [
        `role ${name}`,
        {
          AssumeRolePolicyDocument: documentOf(trust),
          Policies: [...inline].map(([, PolicyName, document = ""]) => ({
            PolicyName,
            PolicyDocument: documentOf(document),
          })),
          ...(arns.length > 0 && { ManagedPolicyArns: arns }),
        },
      ];
    })
    .filter(([name]) => !name.startsWith("role cdk-"));
}

const documentOf = (text: string): unknown => JSON.parse(decodeURIComponent(text)) as unknown;
