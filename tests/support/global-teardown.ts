import { rm } from "node:fs/promises";

export default async function globalTeardown(): Promise<void> {
  const folder = process.env.PORTICO_TEST_FOLDER;
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
