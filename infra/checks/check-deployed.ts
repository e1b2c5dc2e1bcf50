/**
 * `npm run check:deployed -- --url https://… [--release NAME]`: holds a deployed API against its contract from outside. An
 * administrator's name and password come from PORTICO_USERNAME and PORTICO_PASSWORD.
 */
import { asCommand, readArguments } from "../release/arguments.ts";
import { ReleaseError } from "../release/cloud.ts";
import { checkDeployed } from "./deployed/check-deployed.ts";

await asCommand(async () => {
  const { words, values } = readArguments(process.argv.slice(2), ["url", "release"]);
  const url = values.url?.at(-1);
  if (words.length > 0 || url === undefined || !URL.canParse(url)) {
    throw new ReleaseError("npm run check:deployed -- --url URL [--release NAME]");
  }
  const { PORTICO_USERNAME: username, PORTICO_PASSWORD: password } = process.env;
  if (!username || !password) {
    throw new ReleaseError("set PORTICO_USERNAME and PORTICO_PASSWORD to those of an administrator");
  }
  const report = (line: string): void => console.log(line);
  return await checkDeployed({
    url: url.replace(/\/$/, ""),
    signIn: { username, password },
    release: values.release?.at(-1),
    report,
  });
});
