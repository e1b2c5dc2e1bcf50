// Strips types as Node.js does, so tests run the same code as the functions at the same lines and columns, without source maps.
import { stripTypeScriptTypes } from "node:module";

export default { process: (source) => ({ code: stripTypeScriptTypes(source) }) };
