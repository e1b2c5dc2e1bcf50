import { resolve } from "node:path";

/**
 * Lets a Node.js process keep the compiled code of its modules for the next one. CDK is large: this saves a second of each
 * synthesis. `npm ci` removes the folder with the packages that it belongs to.
 */
export const compileCache = {
  NODE_COMPILE_CACHE: resolve(import.meta.dirname, "../../node_modules/.cache/portico"),
} as const;
