import type { RightsException } from "./verdict.ts";

/** Rights that may stay although no end-to-end test uses them, each with the reason. There should be none. */
export const rightsExceptions: readonly RightsException[] = [];
