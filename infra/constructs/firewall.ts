import { CfnWebACL, CfnWebACLAssociation } from "aws-cdk-lib/aws-wafv2";
import { Construct } from "constructs";

export interface FirewallProps {
  readonly name: string;
  /** ARN of the API's stage. */
  readonly stageArn: string;
}

/** Rules of AWS's common set that would refuse honest callers, and are counted instead. */
const countedRules = {
  // Refuses bodies over 8 KB; ours may have 64 KiB, which the functions check.
  body: "SizeRestrictions_BODY",
  // Partners' servers often send no User-Agent.
  userAgent: "NoUserAgent_HEADER",
  // A message or a name may hold any characters; it is data in JSON and is never rendered by the API.
  script: "CrossSiteScripting_BODY",
} as const;

interface RateRule {
  readonly name: string;
  /** A part of the path. */
  readonly path: string;
  /** Requests of one address in five minutes. */
  readonly limit: number;
}

/**
 * Limits per address on what anyone may call and what costs a password hash or a signature. An office behind one address
 * signs in less often, and a partner keeps its token for an hour.
 */
export const rateRules: readonly RateRule[] = [
  { name: "sign-in-rate", path: "/v1/auth/login", limit: 100 },
  { name: "token-rate", path: "/oauth/token", limit: 1000 },
];

/** AWS WAF before an API: limits per address, then AWS's common rules. */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, { name, stageArn }: FirewallProps) {
    super(scope, id);
    const visibility = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
      metricName,
      cloudWatchMetricsEnabled: true,
      // Samples would keep callers' headers and addresses.
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
        // The path begins with the name of the API's stage where callers use API Gateway's own URL.
        positionalConstraint: "CONTAINS",
        searchString: path,
        // API Gateway routes an encoded path like a plain one.
        textTransformations: [
          { priority: 0, type: "URL_DECODE" },
          { priority: 1, type: "NORMALIZE_PATH" },
        ],
      },
    },
  };
}
