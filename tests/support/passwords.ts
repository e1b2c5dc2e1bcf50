/** Password hashes as tests plant them. */
import { argon2Sync, randomBytes } from "node:crypto";

/** A PHC string with less memory and fewer passes than the current parameters. The next sign-in replaces it. */
export function weakHash(password: string): string {
  const nonce = randomBytes(16);
  const parameters = { memory: 8192, passes: 1, parallelism: 1, tagLength: 32 };
  const hash = argon2Sync("argon2id", { message: Buffer.from(password), nonce, ...parameters });
  const unpadded = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  return `$argon2id$v=19$m=8192,t=1,p=1$${unpadded(nonce)}$${unpadded(hash)}`;
}
