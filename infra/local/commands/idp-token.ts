/**
 * `npm run idp:token -- SUBJECT [--name NAME]`: prints a JWT for a subject from the running host's identity provider. In
 * production a person's browser brings one from the company's provider.
 *
 * @example
 * npm run --silent idp:token -- ada --name "Ada Lovelace"
 */
import { parseArgs } from "node:util";
import { giveOrder, runOrder } from "./control.ts";
import { LocalHostError } from "../support/errors.ts";

interface Arguments {
  readonly subject: string;
  readonly name?: string;
}

function readArguments(): Arguments {
  const usage = new LocalHostError("usage: npm run idp:token -- SUBJECT [--name NAME]");
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { name: { type: "string" } } });
    const [subject, ...more] = positionals;
    if (subject === undefined || subject === "" || subject.length > 255 || more.length > 0) throw usage;
    return { subject, ...(values.name !== undefined && { name: values.name }) };
  } catch {
    throw usage;
  }
}

await runOrder(async () => {
  const { token } = await giveOrder("idp-token", readArguments());
  console.log(token);
});
