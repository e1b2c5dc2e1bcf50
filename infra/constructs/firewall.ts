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

/** AWS WAF with AWS's common rules before an API. */
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
        {
          name: "common",
          priority: 0,
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
