/** The borders of the house: who may import whom. `docs/architecture.md` has the picture. */

const areas = "identity|users|partners|subscriptions|companies|coupons|threads|system";
const area = `^shared/(${areas})/`;

/** The layers of `shared/`, from the lowest. A layer imports itself and the layers below it. */
const layers = ["domain", "runtime", "contract", "http"];

const layerBorders = layers.map((layer, index) => ({
  name: `${layer}-imports-no-higher-layer`,
  severity: "error",
  from: { path: `^shared/${layer}/` },
  to: { path: "^shared/", pathNot: `^shared/(${layers.slice(0, index + 1).join("|")})/` },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...layerBorders,
    {
      name: "areas-know-no-http",
      comment: "An area decides and stores; how a request is served is the business of functions and shared/http.",
      severity: "error",
      from: { path: area },
      to: { path: "^shared/(http|web)/" },
    },
    {
      name: "no-cycles",
      comment: "Two files that need each other are one file, or need a third.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
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
      name: "rules-are-pure",
      comment: "rules.ts decides; it knows neither AWS nor HTTP nor where things are kept.",
      severity: "error",
      from: { path: "/rules\\.ts$" },
      to: {
        path: "(@aws|aws-lambda|/store\\.ts$|^shared/(runtime|http)/)",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "only-the-table-knows-dynamodb",
      severity: "error",
      from: { pathNot: "^(shared/runtime/|tests/|infra/)" },
      to: { path: "@aws-sdk/(client-dynamodb|lib-dynamodb|util-dynamodb)" },
    },
    {
      name: "only-stores-write-the-table",
      comment: "Areas reach the table's keys and conditions through their store.ts; contracts name keys as rights.",
      severity: "error",
      from: { path: area, pathNot: "/((session-)?store|contract)\\.ts$" },
      to: { path: "^shared/runtime/(table|conditions|keys)\\.ts$", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "only-http-and-functions-know-the-gateway",
      severity: "error",
      from: { path: "^shared/(?!http/)" },
      to: { path: "(aws-lambda/|@middy/)" },
    },
    {
      name: "identity-knows-no-area",
      comment: "Areas build on identity, not the other way round.",
      severity: "error",
      from: { path: "^shared/identity/" },
      to: { path: area, pathNot: "^shared/identity/" },
    },
    {
      name: "what-partners-own-knows-no-other-area",
      severity: "error",
      from: { path: "^shared/(subscriptions|companies)/" },
      to: { path: area, pathNot: "^shared/($1|identity)/" },
    },
    {
      name: "web-knows-types-alone",
      comment: "A browser gets nothing of what runs on Node, but the contracts' types hold for both.",
      severity: "error",
      from: { path: "^shared/web/[^/]+/browser/" },
      to: { pathNot: "^shared/web/[^/]+/browser/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "web-is-for-browsers",
      comment: "What runs in a browser is another program: the build bundles it, nobody imports it.",
      severity: "error",
      from: { pathNot: "^shared/web/[^/]+/browser/" },
      to: { path: "^shared/web/[^/]+/browser/" },
    },
    {
      name: "threads-know-users-alone",
      severity: "error",
      from: { path: "^shared/threads/" },
      to: { path: area, pathNot: "^shared/(threads|users|identity)/" },
    },
    {
      name: "runtime-dependencies-are-declared",
      comment: "What a bundle ships stands under dependencies, not devDependencies.",
      severity: "error",
      from: { path: "^(shared|functions)/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], pathNot: "@types/|aws-lambda" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
