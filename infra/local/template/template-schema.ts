import * as z from "zod";
import { mustBe } from "../support/parsing.ts";
import type { Json } from "../support/json-value.ts";

const value = z.custom<Json>();
const valueMap = z.record(z.string(), value).default({});

/** The sections of a template. An unknown section stops the start; `Rules` and `Metadata` have no local meaning. */
export const templateSchema = z.strictObject({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Condition: z.string().optional(), Properties: valueMap }),
    { error: mustBe("an object") },
  ),
  Parameters: z.record(z.string(), z.object({ Type: z.string(), Default: value.optional() })).default({}),
  Conditions: valueMap,
  Outputs: z.record(z.string(), z.object({ Value: value, Export: z.object({ Name: value }).optional() })).default({}),
  AWSTemplateFormatVersion: z.unknown().optional(),
  Description: z.unknown().optional(),
  Metadata: z.unknown().optional(),
  Rules: z.unknown().optional(),
});
export type Template = z.output<typeof templateSchema>;
