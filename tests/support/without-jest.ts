/** For programs that use the support of the tests without Jest. They import it first. */
import { hosts } from "./hosts.ts";

Object.assign(globalThis, { hosts });
