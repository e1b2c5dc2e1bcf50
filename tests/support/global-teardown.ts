import { rm } from "node:fs/promises";
import { hosts } from "./hosts.ts";

export default async function globalTeardown(): Promise<void> {
  // Without workers the tests ran in this process.
  await hosts.close();
  const folder = process.env.PORTICO_TEST_FOLDER;
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
