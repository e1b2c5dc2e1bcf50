import { RemovalPolicy, Stack } from "aws-cdk-lib";
import { CfnResourcePolicy, LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from "aws-cdk-lib/aws-wafv2";
import { Construct } from "constructs";
import { firewallLogName } from "./names.ts";

export interface FirewallProps {
  /** Name of the API. */
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

/** Headers that no log may hold. */
const secretHeaders = ["authorization", "cookie"] as const;

/** AWS WAF in front of an API: limits per address, then AWS's common rules. It logs the requests that it blocks. */
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
      dataProtectionConfig: {
        // What a rule has matched is logged too, and it may be a part of a body.
        dataProtections: [
          { action: "SUBSTITUTION", field: { fieldType: "BODY" } },
          { action: "SUBSTITUTION", field: { fieldType: "QUERY_STRING" } },
          { action: "SUBSTITUTION", field: { fieldType: "SINGLE_HEADER", fieldKeys: [...secretHeaders] } },
        ],
      },
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
    this.#logBlocks(name, acl);
  }

  /** Each blocked request with the rule that blocked it. It has the request id of the access log, which has the resource. */
  #logBlocks(name: string, acl: CfnWebACL): void {
    const { account, region, partition } = Stack.of(this);
    const logGroup = new LogGroup(this, "Blocks", {
      logGroupName: firewallLogName(name),
      // It has callers' addresses, which no other log has.
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const policy = new CfnResourcePolicy(this, "Delivery", {
      policyName: `${name}-firewall-log`,
      policyDocument: Stack.of(this).toJsonString({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "delivery.logs.amazonaws.com" },
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource: logGroup.logGroupArn,
            Condition: {
              StringEquals: { "aws:SourceAccount": account },
              ArnLike: { "aws:SourceArn": `arn:${partition}:logs:${region}:${account}:*` },
            },
          },
        ],
      }),
    });
    const logging = new CfnLoggingConfiguration(this, "Logging", {
      resourceArn: acl.attrArn,
      // WAF takes the ARN without the `:*` for the streams.
      logDestinationConfigs: [
        Stack.of(this).formatArn({ service: "logs", resource: `log-group:${firewallLogName(name)}` }),
      ],
      loggingFilter: {
        DefaultBehavior: "DROP",
        Filters: [
          { Behavior: "KEEP", Requirement: "MEETS_ANY", Conditions: [{ ActionCondition: { Action: "BLOCK" } }] },
        ],
      },
      redactedFields: [
        { uriPath: {} },
        { queryString: {} },
        ...secretHeaders.map((header) => ({ singleHeader: { Name: header } })),
      ],
    });
    logging.node.addDependency(logGroup, policy);
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
