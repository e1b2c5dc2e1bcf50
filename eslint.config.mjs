import tseslint from "typescript-eslint";

// A retry or a failed commit must not log a security event, so it is a part of the outcome.
const noSecurityEvents = {
  selector: "CallExpression[callee.name='logSecurityEvent']",
  message: "Return the security event in the outcome: serve logs it after the commit.",
};

// A change is committed once, by `serve`. Only a use case commits by itself, where a step has to be durable before the
// operation decides; such a step can be repeated.
const noCommits = {
  selector: "CallExpression[callee.property.name=/^(commit|update|remove)$/][callee.object.name='table']",
  message: "Return the change: serve commits it. A step that must be durable earlier belongs into a use case.",
};

export default tseslint.config(
  { ignores: ["dist/", "cdk.out/", "coverage/", ".portico/", "node_modules/"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["*.mjs"] }, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // A missing await would let a Lambda freeze with work undone.
      "@typescript-eslint/no-floating-promises": "error",
      // Operations and test doubles are asynchronous by their type, whether they wait for something or not.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Members of foreign JSON and of the environment read as what they are: keys, not properties of a type.
      "@typescript-eslint/dot-notation": "off",
      // Texts for people and keys are made of template values and JSON members that were checked to be text.
      "@typescript-eslint/no-base-to-string": "off",
      // A named type says what is expected; a bare `!` does not.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      // Spreading a text into its code points is meant where it stands.
      "@typescript-eslint/no-misused-spread": "off",
      // DynamoDB numbers and JSON members are checked where they come in, not by their static type.
      "@typescript-eslint/no-unnecessary-condition": "off",
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  {
    // DynamoDB's items and CloudFormation's templates are `any` until these files give them a type.
    files: ["shared/runtime/table.ts", "infra/local/**"],
    rules: { "@typescript-eslint/no-unsafe-assignment": "off", "@typescript-eslint/no-unsafe-return": "off" },
  },
  {
    files: ["shared/**"],
    ignores: ["shared/{domain,runtime,contract,http,web}/**"],
    rules: { "no-restricted-syntax": ["error", noSecurityEvents] },
  },
  {
    files: ["functions/**", "shared/*/{model,keys,contract,rules,view,store,*-store}.ts"],
    ignores: ["functions/*.ts"],
    rules: { "no-restricted-syntax": ["error", noSecurityEvents, noCommits] },
  },
  {
    // Templates and answers are looked into as they come: a wrong path fails the assertion.
    files: ["tests/**"],
    rules: {
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    // Browsers have none of Node's globals, and what a partner calls itself must never be read as markup.
    files: ["shared/web/*/browser/**"],
    rules: {
      "no-restricted-globals": ["error", "process", "Buffer", "global", "require"],
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "write", "writeln", "srcdoc"].map((property) => ({
          property,
          message: "Make elements, and give them text.",
        })),
      ],
    },
  },
  {
    // Programs for the terminal write to it.
    files: [
      "infra/**",
      "tests/bench/**",
      "tests/fuzz/main.ts",
      "tests/compatibility/main.ts",
      "tests/torture/main.ts",
      "tests/rights/main.ts",
      "tests/browser/screenshots.ts",
      "docs/examples/**",
      "*.mjs",
    ],
    rules: { "no-console": "off" },
  },
  { files: ["**/*.mjs"], extends: [tseslint.configs.disableTypeChecked] },
);
