// Node itself only strips types, and so does this: the tests run the same code as the functions, with its line numbers.
import { transformSync } from "esbuild";

export default {
  process(source, path) {
    const { code, map } = transformSync(source, {
      loader: "ts",
      format: "esm",
      target: "node24",
      sourcefile: path,
      sourcemap: "inline",
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    return { code, map };
  },
};
