/** Walks a template from whoever raises an alarm to the people whom it reaches, and says where the chain breaks. */
import type { Template } from "../../../infra/checks/assembly.ts";
import { list, propertiesOf, resourcesOf, text } from "./templates.ts";

interface PolicyStatement {
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A publishing service's request, as the conditions of a policy see it. */
export interface Publisher {
  readonly service: string;
  readonly context: Readonly<Record<string, string>>;
}

const thisAccount = "<AWS::AccountId>";

/** EventBridge sends neither a source account nor a source ARN to SNS. */
export const publishers: Readonly<Record<"alarm" | "budget" | "rule", Publisher>> = {
  alarm: {
    service: "cloudwatch.amazonaws.com",
    context: { "aws:SourceAccount": thisAccount, "aws:SecureTransport": "true" },
  },
  budget: {
    service: "budgets.amazonaws.com",
    context: { "aws:SourceAccount": thisAccount, "aws:SecureTransport": "true" },
  },
  rule: { service: "events.amazonaws.com", context: { "aws:SecureTransport": "true" } },
};

/**
 * Whom a message reaches that the publisher sends to a topic of the template.
 *
 * @param topicArn the target as the template names it: `<logical id>`
 * @returns `protocol:endpoint` of each subscriber
 * @throws Error naming the link that is broken
 */
export function reached(template: Template, publisher: Publisher, topicArn: string): readonly string[] {
  const [, topic] = resourcesOf(template, "AWS::SNS::Topic").find(([id]) => `<${id}>` === topicArn) ?? [];
  if (topic === undefined) throw new Error(`${topicArn} is no topic of the template`);
  const topicPolicy = propertiesOf(template, "AWS::SNS::TopicPolicy")
    .filter(({ Topics }) => list(Topics).map(text).includes(topicArn))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement as readonly PolicyStatement[]);
  if (!allows(topicPolicy, publisher, "sns:Publish", topicArn)) {
    throw new Error(`${publisher.service} may not publish to ${topicArn}`);
  }
  const keyArn = text(topic.Properties.KmsMasterKeyId);
  const [, key] = resourcesOf(template, "AWS::KMS::Key").find(([id]) => `<${id}.Arn>` === keyArn) ?? [];
  if (key === undefined) throw new Error(`${topicArn} is encrypted under ${keyArn}, which is no key of the template`);
  for (const action of ["kms:Decrypt", "kms:GenerateDataKey"]) {
    if (!allows(key.Properties.KeyPolicy.Statement, publisher, action, "*")) {
      throw new Error(`${publisher.service} lacks ${action} on the key of ${topicArn}`);
    }
  }
  return propertiesOf(template, "AWS::SNS::Subscription")
    .filter(({ TopicArn }) => text(TopicArn) === topicArn)
    .map(({ Protocol, Endpoint }) => `${Protocol}:${Endpoint}`);
}

function allows(
  statements: readonly PolicyStatement[],
  publisher: Publisher,
  action: string,
  resource: string,
): boolean {
  const applying = statements.filter(
    (statement) =>
      isPrincipal(statement.Principal, publisher.service) &&
      list(statement.Action).some((pattern) => matches(String(pattern), action)) &&
      list(statement.Resource).some((named) => matches(text(named), resource)) &&
      holds(statement.Condition ?? {}, publisher.context),
  );
  return applying.some(({ Effect }) => Effect === "Allow") && !applying.some(({ Effect }) => Effect === "Deny");
}

function isPrincipal(principal: unknown, service: string): boolean {
  if (principal === "*") return true;
  const { AWS, Service } = principal as { readonly AWS?: unknown; readonly Service?: unknown };
  return AWS === "*" || (Service !== undefined && list(Service).includes(service));
}

function holds(conditions: NonNullable<PolicyStatement["Condition"]>, context: Publisher["context"]): boolean {
  return Object.entries(conditions).every(([operator, tests]) => {
    if (!["StringEquals", "Bool"].includes(operator))
      throw new Error(`the test does not know the operator ${operator}`);
    return Object.entries(tests).every(([key, expected]) =>
      list(expected)
        .map(text)
        .includes(context[key] ?? ""),
    );
  });
}

function matches(pattern: string, value: string): boolean {
  return pattern === "*" || pattern === value || (pattern.endsWith("*") && value.startsWith(pattern.slice(0, -1)));
}
