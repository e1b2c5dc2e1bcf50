import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../../infra/contract/document.ts";
import { generatedFiles } from "../../../infra/contract/generated-files.ts";

test.each(generatedFiles().map((file) => [file.path, file] as const))(
  "%s is what the declarations say",
  (_title, { path, text }) => {
    const committed = readFileSync(join(projectRoot, path), "utf8");
    // A difference of so long a text would hide what is to be done.
    if (committed !== text)
      throw new Error(`${path} is not up to date: run npm run generate and commit what it writes`);
    expect(committed).toBe(text);
  },
);

test("the generated files are the same every time", () => {
  expect(generatedFiles()).toEqual(generatedFiles());
});
