/** The CDK CLI against the emulator. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "../../contract/document.ts";
import { isolatedEnvironment, type Emulator } from "./emulator.ts";
import { account, region } from "./stack-values.ts";

const program = join(projectRoot, "node_modules/aws-cdk/bin/cdk");

export interface Cdk {
  bootstrap(): Promise<void>;
  /** @param assembly its folder */
  deploy(assembly: string, parameters: readonly string[]): Promise<void>;
  destroy(assembly: string): Promise<void>;
}

/** @param folder one without a `cdk.json`, from which the CLI would start the project's app */
export function openCdk({ settings }: Emulator, folder: string, signal: AbortSignal): Cdk {
  const run = (words: readonly string[]): Promise<void> =>
    new Promise((settle, fail) => {
      const options = {
        cwd: folder,
        env: isolatedEnvironment(settings.endpoint, folder),
        maxBuffer: 64 * 1024 * 1024,
        signal,
      };
      execFile(process.execPath, [program, ...words, "--no-notices"], options, (error, output, errors) => {
        if (error === null) settle();
        else fail(new Error(`cdk ${words[0] ?? ""} failed:\n${lastLines(output + errors)}`));
      });
    });
  return {
    bootstrap: () => run(["bootstrap", `aws://${account}/${region}`]),
    deploy: (assembly, parameters) =>
      run([
        ...["deploy", "--all", "--app", assembly, "--require-approval", "never", "--no-previous-parameters"],
        ...parameters.flatMap((parameter) => ["--parameters", parameter]),
      ]),
    destroy: (assembly) => run(["destroy", "--all", "--app", assembly, "--force"]),
  };
}

const lastLines = (text: string): string => text.trimEnd().split("\n").slice(-30).join("\n");
