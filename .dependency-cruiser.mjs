/** The borders of the house: who may import whom. `docs/architecture.md` has the picture. */

const area = "^shared/(partners|subscriptions|companies|users|coupons|threads|docs|console|system)/";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Two files that need each other are one file, or need a third.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "doors-are-leaves",
      comment: "A door is called by AWS; nobody imports it.",
      severity: "error",
      from: {},
      to: { path: "^functions/" },
    },
    {
      name: "shared-knows-neither-doors-nor-infra",
      severity: "error",
      from: { path: "^shared/" },
      to: { path: "^(functions|infra|tests)/" },
    },
    {
      name: "doors-know-no-infra",
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
        path: "(@aws|aws-lambda|^shared/table/|/store\\.ts$|^shared/api/(?!problems\\.ts))",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "only-the-table-knows-dynamodb",
      severity: "error",
      from: { pathNot: "^(shared/table/|tests/|infra/)" },
      to: { path: "@aws-sdk/(client-dynamodb|lib-dynamodb|util-dynamodb)" },
    },
    {
      name: "only-stores-write-the-table",
      comment: "Areas reach the table's keys and conditions through their store.ts; contracts name keys as rights.",
      severity: "error",
      from: { path: area, pathNot: "/(store|contract)\\.ts$" },
      to: { path: "^shared/table/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "only-api-and-doors-know-the-gateway",
      severity: "error",
      from: { path: "^shared/(?!api/)" },
      to: { path: "(aws-lambda/|@middy/)" },
    },
    {
      name: "identity-knows-no-area",
      comment: "Areas build on identity, not the other way round.",
      severity: "error",
      from: { path: "^shared/(identity|table)/" },
      to: { path: area },
    },
    {
      name: "what-partners-own-knows-no-other-area",
      severity: "error",
      from: { path: "^shared/(subscriptions|companies)/" },
      to: { path: area, pathNot: "^shared/$1/" },
    },
    {
      name: "web-knows-types-alone",
      comment: "A browser gets nothing of what runs on Node, but the contracts' types hold for both.",
      severity: "error",
      from: { path: "^shared/[^/]+/web/" },
      to: { pathNot: "^shared/[^/]+/web/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "web-is-for-browsers",
      comment: "What runs in a browser is another program: the build bundles it, nobody imports it.",
      severity: "error",
      from: { pathNot: "^shared/[^/]+/web/" },
      to: { path: "^shared/[^/]+/web/" },
    },
    {
      name: "threads-know-users-alone",
      severity: "error",
      from: { path: "^shared/threads/" },
      to: { path: area, pathNot: "^shared/(threads|users)/" },
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
