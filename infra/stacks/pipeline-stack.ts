/** The role that the workflow of one GitHub repository assumes to deploy one stage, without long-lived keys. */
import { CfnOutput, Duration, Stack, type StackProps } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, WebIdentityPrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { acknowledge } from "../constructs/acknowledge.ts";
import type { Stage } from "../stages/stage.ts";

const issuer = "token.actions.githubusercontent.com";

export interface PipelineStackProps extends StackProps {
  readonly stage: Stage;
  /** `owner/name`. */
  readonly repository: string;
}

export class PipelineStack extends Stack {
  readonly #stage: string;

  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);
    const { stage, repository } = props;
    this.#stage = stage.name;
    const role = new Role(this, "Role", {
      roleName: `Portico-${stage.name}-pipeline`,
      description: `Deploys Portico ${stage.name} from ${repository}`,
      maxSessionDuration: Duration.hours(1),
      // The subject names the GitHub environment and so requires its approvals. Jobs outside the environment cannot assume the role.
      assumedBy: new WebIdentityPrincipal(this.#arn("iam", `oidc-provider/${issuer}`, ""), {
        StringEquals: {
          [`${issuer}:aud`]: "sts.amazonaws.com",
          [`${issuer}:sub`]: `repo:${repository}:environment:${stage.name}`,
        },
      }),
      inlinePolicies: {
        deploy: new PolicyDocument({
          statements: [...this.#deployStatements(stage), ...this.#releaseStatements()],
        }),
      },
    });
    acknowledge(role, this.#reasons());
    new CfnOutput(this, "RoleArn", {
      value: role.roleArn,
      description: "The variable AWS_ROLE of the GitHub environment",
    });
  }

  /** CDK's own roles deploy. This role only reads what is checked before a deployment. */
  #deployStatements({ hostedZone }: Stage): readonly PolicyStatement[] {
    return [
      new PolicyStatement({
        actions: ["sts:AssumeRole"],
        resources: ["deploy", "file-publishing", "lookup"].map((purpose) =>
          this.#arn("iam", `role/cdk-hnb659fds-${purpose}-role-${this.account}-${this.region}`, ""),
        ),
      }),
      new PolicyStatement({
        actions: ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"],
        resources: [this.#arn("cloudformation", `stack/Portico-${this.#stage}-*/*`)],
      }),
      ...(hostedZone === undefined
        ? []
        : [
            new PolicyStatement({
              actions: ["route53:GetHostedZone"],
              resources: [`arn:${this.partition}:route53:::hostedzone/${hostedZone.id}`],
            }),
          ]),
    ];
  }

  /** Rights to switch the stage, read its alarms and remove unused versions. */
  #releaseStatements(): readonly PolicyStatement[] {
    const api = `arn:${this.partition}:apigateway:${this.region}::/restapis/*`;
    return [
      new PolicyStatement({
        actions: ["apigateway:GET", "apigateway:PATCH"],
        resources: [`${api}/stages/${this.#stage}`],
      }),
      new PolicyStatement({ actions: ["apigateway:GET"], resources: [`${api}/deployments`] }),
      new PolicyStatement({ actions: ["apigateway:DELETE"], resources: [`${api}/deployments/*`] }),
      new PolicyStatement({ actions: ["cloudwatch:DescribeAlarms", "lambda:ListFunctions"], resources: ["*"] }),
      new PolicyStatement({
        actions: ["lambda:ListVersionsByFunction"],
        resources: [this.#arn("lambda", `function:Portico-${this.#stage}-*`)],
      }),
      new PolicyStatement({
        actions: ["lambda:DeleteFunction"],
        // The ARN ends with a version, so the functions themselves cannot be deleted.
        resources: [this.#arn("lambda", `function:Portico-${this.#stage}-*:*`)],
      }),
    ];
  }

  #arn(service: string, rest: string, region: string = this.region): string {
    return `arn:${this.partition}:${service}:${region}:${this.account}:${rest}`;
  }

  #reasons(): Readonly<Record<string, string>> {
    const here = "<AWS::Region>:<AWS::AccountId>";
    const api = "arn:<AWS::Partition>:apigateway:<AWS::Region>::/restapis/*";
    return Object.fromEntries(
      Object.entries({
        "*": "alarms and functions are listed for a whole account or not at all",
        [`arn:<AWS::Partition>:cloudformation:${here}:stack/Portico-${this.#stage}-*/*`]:
          "the stage's stacks; the end of a stack's ARN is made when it is created",
        [`${api}/stages/${this.#stage}`]: "the API's id is made when it is created; the stage's name is this one",
        [`${api}/deployments`]: "the API's id is made when it is created",
        [`${api}/deployments/*`]: "API Gateway refuses to delete a deployment that a stage serves",
        [`arn:<AWS::Partition>:lambda:${here}:function:Portico-${this.#stage}-*`]:
          "the stage's functions, of which there are many",
        [`arn:<AWS::Partition>:lambda:${here}:function:Portico-${this.#stage}-*:*`]:
          "versions of the stage's functions, whose numbers grow",
      }).map(([resource, reason]) => [`AwsSolutions-IAM5[Resource::${resource}]`, reason]),
    );
  }
}
