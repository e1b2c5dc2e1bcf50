/** Programs that not every machine has. */
import { spawnSync } from "node:child_process";

/** Whether a command can be run and succeeds. */
export const succeeds = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args).status === 0;

export const hasPython = succeeds("python3", "--version");
export const hasGo = succeeds("go", "version");

/** `test` for what needs a program that not every machine has. */
export function testWith(isPresent: boolean, title: string, body: () => Promise<void>): void {
  if (isPresent) {
    // Go compiles its library once, which is slow on a busy machine.
    test(title, body, 300_000);
  } else {
    process.stderr.write(`\nskipped: ${title}\n`);
    test.skip(title, body);
  }
}
