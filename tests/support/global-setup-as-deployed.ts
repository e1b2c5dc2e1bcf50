/** For tests that compare assemblies: theirs is as it is deployed. */
export { makeAssembly as default } from "./global-setup.ts";
