/** Reads the arguments of a command for operators. */
import { parseArgs } from "node:util";
import { ReleaseError } from "./cloud.ts";

/** Text after each `--name`; an option that may be repeated keeps every value. */
export interface Arguments<Name extends string> {
  readonly words: readonly string[];
  readonly values: Readonly<Partial<Record<Name, readonly string[]>>>;
}

/**
 * @param names the options that there are; each takes a value
 * @throws ReleaseError for an option that there is not, or one without its value
 */
export function readArguments<Name extends string>(given: readonly string[], names: readonly Name[]): Arguments<Name> {
  try {
    const { values, positionals } = parseArgs({
      args: [...given],
      options: Object.fromEntries(names.map((name) => [name, { type: "string", multiple: true } as const])),
      allowPositionals: true,
    });
    return { words: positionals, values: values as Arguments<Name>["values"] };
  } catch (error) {
    const [line = ""] = (error instanceof Error ? error.message : String(error)).split(". ");
    throw new ReleaseError(line);
  }
}

/** Ends a command with one line for what an operator can put right, whoever has found it. */
export async function asCommand(run: () => Promise<boolean>): Promise<void> {
  try {
    process.exitCode = (await run()) ? 0 : 1;
  } catch (error) {
    const trace = process.env["CDK_DEBUG"] === "true" && error instanceof Error;
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    console.error(trace ? error : `portico: ${line}`);
    process.exitCode = 1;
  }
}
