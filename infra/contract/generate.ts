/** `npm run generate`: writes every committed file that is generated from the declarations. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./document.ts";
import { generatedFiles } from "./generated-files.ts";

for (const { path, text } of generatedFiles()) {
  writeFileSync(join(projectRoot, path), text);
  console.log(path);
}
