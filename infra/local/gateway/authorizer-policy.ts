/** Evaluates the answer of a Lambda authorizer, as API Gateway does. */
import * as z from "zod";
import { parseOrRefuse } from "../support/parsing.ts";
import { wildcard } from "../support/wildcard.ts";

/** The outcome of an authorizer's policy for one method. */
export interface Authorization {
  readonly allowed: boolean;
  /** Whether a statement denies, instead of none allowing. */
  readonly explicitDeny: boolean;
  readonly principalId: string;
  /** The context's values as strings, as integrations and gateway responses see them. */
  readonly context: Readonly<Record<string, string>>;
}

const patterns = z.union([z.string().transform((one) => [one]), z.array(z.string())], {
  error: "must be a string or a list of strings",
});
const scalar = z.union([z.string(), z.number(), z.boolean()], { error: "must be a string, number or boolean" });
const statement = z.object({
  Effect: z.enum(["Allow", "Deny"], { error: "must be Allow or Deny" }),
  Action: patterns,
  Resource: patterns,
  Condition: z.undefined({ error: "is not known to the local host" }).optional(),
});
const answerSchema = z.object({
  principalId: z.string({ error: "is missing" }).min(1, "is missing"),
  policyDocument: z.object(
    { Statement: z.preprocess((given) => [given].flat(), z.array(statement).min(1, "is empty")) },
    { error: "is missing" },
  ),
  context: z.record(z.string(), scalar.transform(String), { error: "must be an object" }).default({}),
});

/**
 * Reads an authorizer's answer and evaluates its policy: an explicit Deny wins, and what no statement allows is denied.
 *
 * @param answer the parsed answer
 * @param methodArn `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<METHOD>/<path>`
 * @throws LocalHostError naming the wrong member
 */
export function authorize(answer: unknown, methodArn: string): Authorization {
  const { principalId, policyDocument, context } = parseOrRefuse(answerSchema, answer, "the authorizer's answer:");
  const effects = policyDocument.Statement.filter(
    ({ Action, Resource }) =>
      Action.some((pattern) => wildcard(pattern.toLowerCase())("execute-api:invoke")) &&
      Resource.some((pattern) => wildcard(pattern)(methodArn)),
  ).map(({ Effect }) => Effect);
  const explicitDeny = effects.includes("Deny");
  return { allowed: effects.includes("Allow") && !explicitDeny, explicitDeny, principalId, context };
}
