/** The import borders of the code. `docs/architecture.md` has the picture. */

const areas =
  "identity|limits|events|audit|webhooks|users|partners|sandbox|subscriptions|companies|coupons|usage|ledger|migrations|threads|privacy|oauth|system";
const area = `^shared/(${areas})/`;

/** The layers of `shared/`, from the lowest. A layer imports itself and the layers below it. */
const layers = ["domain", "runtime", "contract", "http"];

const layerBorders = layers.map((layer, index) => ({
  name: `${layer}-imports-no-higher-layer`,
  severity: "error",
  from: { path: `^shared/${layer}/` },
  to: { path: "^shared/", pathNot: `^shared/(${layers.slice(0, index + 1).join("|")})/` },
}));

/** The areas that each area may build on. */
const foundations = {
  identity: [],
  limits: [],
  users: ["identity"],
  events: ["identity"],
  audit: [],
  webhooks: ["identity", "events"],
  subscriptions: ["identity", "events"],
  companies: ["identity", "events"],
  partners: ["identity", "events", "webhooks", "subscriptions", "companies"],
  usage: ["limits", "identity", "events", "webhooks", "partners"],
  sandbox: ["identity", "events", "partners", "subscriptions"],
  coupons: ["identity", "users"],
  ledger: ["users", "coupons"],
  migrations: ["identity", "events", "users", "partners", "subscriptions", "companies", "coupons", "usage"],
  threads: ["users"],
  privacy: ["identity", "users", "subscriptions", "coupons", "threads"],
  oauth: ["identity", "users", "partners"],
  system: [],
};

const areaBorders = Object.entries(foundations).map(([name, below]) => ({
  name: `${name}-builds-on-${below.join("-and-") || "no-area"}`,
  severity: "error",
  from: { path: `^shared/${name}/` },
  to: { path: area, pathNot: `^shared/(${[name, ...below].join("|")})/` },
}));

/** Files of an area that decide or store; everything else in an area describes data. */
const acting = "/(rules|view|(session-)?store)\\.ts$";
/** Use cases have verb-noun names, such as `redeem-coupon.ts`. */
const useCase =
  "/(add|announce|authenticate|cancel|change|check|delete|deliver|dispatch|ensure|exchange|export|introspect|issue|limit|list|meter|off|open|read|redeem|refresh|remove|revoke|rotate|run|send|settle|sign-in|take)-[a-z-]+\\.ts$";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-circles",
      comment: "Two files that need each other are one file, or need a third. Imports of types count.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    ...layerBorders,
    ...areaBorders,
    {
      name: "areas-import-no-http",
      comment: "An area decides and stores. Functions and shared/http serve the request.",
      severity: "error",
      from: { path: area },
      to: { path: "^shared/(http|web)/" },
    },
    {
      name: "functions-are-leaves",
      comment: "AWS calls the functions; no module imports one.",
      severity: "error",
      from: {},
      to: { path: "^functions/" },
    },
    {
      name: "shared-imports-neither-functions-nor-infra",
      severity: "error",
      from: { path: "^shared/" },
      to: { path: "^(functions|infra|tests)/" },
    },
    {
      name: "functions-import-no-infra",
      severity: "error",
      from: { path: "^functions/" },
      to: { path: "^(infra|tests)/" },
    },
    {
      name: "models-import-no-behaviour",
      comment: "model.ts holds what is kept, its limits and its predicates.",
      severity: "error",
      from: { path: `${area}.*model\\.ts$` },
      to: { path: `^shared/(runtime|contract|http|web)/|${acting}|${useCase}|/contract\\.ts$` },
    },
    {
      name: "contracts-import-no-behaviour",
      comment: "contract.ts declares operations from models and keys.",
      severity: "error",
      from: { path: `${area}.*contract\\.ts$` },
      to: { path: `${acting}|${useCase}` },
    },
    {
      name: "rules-are-pure",
      comment: "rules.ts decides. It knows neither AWS nor HTTP nor the table.",
      severity: "error",
      from: { path: `${area}.*/rules\\.ts$` },
      to: { path: `@aws|aws-lambda|/((session-)?store|view|keys)\\.ts$|${useCase}|^shared/(runtime|http)/` },
    },
    {
      name: "stores-know-no-wire-types",
      comment: "store.ts keeps models; view.ts shows them.",
      severity: "error",
      from: { path: `${area}.*/(creation-lock-|session-|second-factor-|password-link-)?store\\.ts$` },
      to: { path: `${area}.*/(contract|view)\\.ts$|${useCase}` },
    },
    {
      name: "only-stores-make-writes",
      comment: "Use cases and functions pass on the writes that a store makes.",
      severity: "error",
      from: {
        path: "^(shared|functions)/",
        pathNot: "^shared/runtime/|/(creation-lock-|session-|second-factor-|password-link-)?store\\.ts$",
      },
      to: { path: "^shared/runtime/writes\\.ts$" },
    },
    {
      name: "only-the-table-knows-dynamodb",
      severity: "error",
      from: { pathNot: "^(shared/runtime/|tests/|infra/)" },
      to: { path: "@aws-sdk/(client-dynamodb|lib-dynamodb|util-dynamodb)" },
    },
    {
      name: "only-http-and-functions-know-the-gateway",
      severity: "error",
      from: { path: "^shared/(?!http/)" },
      to: { path: "(aws-lambda/|@middy/)" },
    },
    {
      name: "browser-code-imports-types-alone",
      comment: "Code for browsers takes nothing from Node's side but the types of the contracts.",
      severity: "error",
      from: { path: "^shared/web/[^/]+/browser/" },
      to: { pathNot: "^shared/web/[^/]+/browser/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "browser-code-is-bundled",
      comment: "Code for browsers is a program of its own: the build bundles it, and no module imports it.",
      severity: "error",
      from: { pathNot: "^shared/web/[^/]+/browser/" },
      to: { path: "^shared/web/[^/]+/browser/" },
    },
    {
      name: "runtime-dependencies-are-declared",
      comment: "Packages in a bundle stand under dependencies, not devDependencies. Types are in no bundle.",
      severity: "error",
      from: { path: "^(shared|functions)/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
