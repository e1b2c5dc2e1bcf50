import { CfnWebACL, CfnWebACLAssociation } from "aws-cdk-lib/aws-wafv2";
import { Construct } from "constructs";

export interface FirewallProps {
  readonly name: string;
  /** ARN of the API's stage. */
  readonly stageArn: string;
}

/** Rules of AWS's common set that would block legitimate callers. They only count. */
const countedRules = {
  // Blocks bodies over 8 KB. Bodies of this API may have 64 KiB, and the functions check that limit.
  body: "SizeRestrictions_BODY",
  // Partners' servers often send no User-Agent.
  userAgent: "NoUserAgent_HEADER",
  // A message or a name may contain any characters. It is JSON data, and the API never renders it.
  script: "CrossSiteScripting_BODY",
} as const;

interface RateRule {
  readonly name: string;
  /** A part of the path. */
  readonly path: string;
  /** Maximum number of requests per address in five minutes. */
  readonly limit: number;
}

/**
 * Limits per address on public operations that compute a password hash or a signature. An office behind one address
 * signs in less often, and a partner reuses its token for an hour.
 */
export const rateRules: readonly RateRule[] = [
  { name: "sign-in-rate", path: "/v1/auth/login", limit: 100 },
  { name: "token-rate", path: "/oauth/token", limit: 1000 },
];

/** AWS WAF in front of an API: limits per address, then AWS's common rules. */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, { name, stageArn }: FirewallProps) {
    super(scope, id);
    const visibility = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
      metricName,
      cloudWatchMetricsEnabled: true,
      // Samples would store callers' headers and addresses.
      sampledRequestsEnabled: false,
    });
    const acl = new CfnWebACL(this, "Acl", {
      name,
      scope: "REGIONAL",
      defaultAction: { allow: {} },
      visibilityConfig: visibility(name),
      rules: [
        ...rateRules.map((rule, priority) => ({
          name: rule.name,
          priority,
          action: { block: {} },
          statement: { rateBasedStatement: rateStatement(rule) },
          visibilityConfig: visibility(`${name}-${rule.name}`),
        })),
        {
          name: "common",
          priority: rateRules.length,
          overrideAction: { none: {} },
          statement: {
            managedRuleGroupStatement: {
              vendorName: "AWS",
              name: "AWSManagedRulesCommonRuleSet",
              ruleActionOverrides: Object.values(countedRules).map((rule) => ({
                name: rule,
                actionToUse: { count: {} },
              })),
            },
          },
          visibilityConfig: visibility(`${name}-common`),
        },
      ],
    });
    new CfnWebACLAssociation(this, "Association", { resourceArn: stageArn, webAclArn: acl.attrArn });
  }
}

function rateStatement({ path, limit }: RateRule): CfnWebACL.RateBasedStatementProperty {
  return {
    aggregateKeyType: "IP",
    limit,
    evaluationWindowSec: 300,
    scopeDownStatement: {
      byteMatchStatement: {
        fieldToMatch: { uriPath: {} },
        // With API Gateway's own URL, the path starts with the name of the stage.
        positionalConstraint: "CONTAINS",
        searchString: path,
        // API Gateway decodes the path before it routes.
        textTransformations: [
          { priority: 0, type: "URL_DECODE" },
          { priority: 1, type: "NORMALIZE_PATH" },
        ],
      },
    },
  };
}
