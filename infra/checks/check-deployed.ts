/**
 * `npm run check:deployed -- --url https://… [--release NAME]`: holds a deployed API against its contract from outside. An
 * administrator's name and password come from PORTICO_USERNAME and PORTICO_PASSWORD, the secret of its second factor (in
 * base32) from PORTICO_TOTP_SECRET.
 */
import { parseBase32 } from "../../shared/identity/totp.ts";
import { asCommand, readArguments } from "../release/arguments.ts";
import { ReleaseError } from "../release/cloud.ts";
import { checkDeployed } from "./deployed/check-deployed.ts";

await asCommand(async () => {
  const { words, values } = readArguments(process.argv.slice(2), ["url", "release"]);
  const url = values.url?.at(-1);
  if (words.length > 0 || url === undefined || !URL.canParse(url)) {
    throw new ReleaseError("npm run check:deployed -- --url URL [--release NAME]");
  }
  const { PORTICO_USERNAME: username, PORTICO_PASSWORD: password, PORTICO_TOTP_SECRET: factor } = process.env;
  if (!username || !password) {
    throw new ReleaseError("set PORTICO_USERNAME and PORTICO_PASSWORD to those of an administrator");
  }
  const totpSecret = factor ? parseBase32(factor) : undefined;
  if (factor && totpSecret === undefined) throw new ReleaseError("PORTICO_TOTP_SECRET is no base32");
  const report = (line: string): void => console.log(line);
  return await checkDeployed({
    url: url.replace(/\/$/, ""),
    signIn: { username, password, ...(totpSecret && { totpSecret }) },
    release: values.release?.at(-1),
    report,
  });
});
