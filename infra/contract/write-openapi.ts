/** `npm run openapi [-- FILE]`: writes the OpenAPI document to a file, or to the terminal. */
import { writeFileSync } from "node:fs";
import { contractDocument } from "./document.ts";

const text = `${JSON.stringify(contractDocument(), undefined, 2)}\n`;
const file = process.argv[2];
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
