import type { Exception } from "../../infra/local/iam/rights-usage.ts";

/** Rights that stay although no call of the end-to-end suite uses them, each with the reason. There should be none. */
export const rightsExceptions: readonly Exception[] = [];
