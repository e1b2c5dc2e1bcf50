/** Reads the arguments of a command for operators. */
import { parseArgs } from "node:util";
import { ReleaseError } from "./cloud.ts";

/** Values by option name; a repeatable option keeps all its values. */
export interface Arguments<Name extends string> {
  readonly words: readonly string[];
  readonly values: Readonly<Partial<Record<Name, readonly string[]>>>;
}

/**
 * @param names the known options; each takes a value
 * @throws ReleaseError for an unknown option or a missing value
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

/** Ends a command with one line for an error that an operator can fix. */
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
