/** The pages of the docs: their names in the address, their titles and their order in the sidebar. */

export interface PageGroup {
  readonly title: string;
  /** Name → title. */
  readonly pages: Readonly<Record<string, string>>;
}

/** The page at `/docs` itself. */
export const homePage = "index";

export const pageGroups = [
  { title: "Start", pages: { "quick-start": "Quick start", downloads: "Downloads" } },
  {
    title: "Guides",
    pages: {
      tokens: "Tokens",
      pagination: "Pagination",
      idempotency: "Idempotency and retries",
      webhooks: "Receive webhooks",
      testing: "Test your integration",
      durations: "Durations and times",
      errors: "Errors",
      limits: "Limits",
      versioning: "Versioning and deprecation",
      changelog: "Changelog",
    },
  },
  { title: "Reference", pages: { "partner-api": "Partner API", "people-api": "API for people" } },
  { title: "For administrators", pages: { administration: "Administration API" } },
] as const satisfies readonly PageGroup[];

/** The names of all pages but the home page. */
export const pageNames: readonly string[] = pageGroups.flatMap(({ pages }) => Object.keys(pages));
