import type { Exception } from "../../infra/local/iam/rights-usage.ts";

/** Rights that no end-to-end test uses and that stay nevertheless, each with its reason. There should be none. */
export const rightsExceptions: readonly Exception[] = [];
