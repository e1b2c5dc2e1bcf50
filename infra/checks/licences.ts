/** `npm run check:licences`: fails on a package with a licence that is not allowed for its purpose. */
import { lockedPackages, nameOf, type LockedPackages } from "./lock-file.ts";

/** SPDX ids of packages that are deployed: they ask for no more than their notice. */
const deployedLicences: readonly string[] = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"];

/** SPDX ids of packages for building and testing, which are not passed on. */
const developmentLicences: readonly string[] = [
  ...deployedLicences,
  "BlueOak-1.0.0",
  "CC0-1.0",
  "MPL-2.0",
  "Python-2.0",
  "Unlicense",
];

export interface LicenceException {
  /** What the lock file says; undefined when it says nothing. */
  readonly licence: string | undefined;
  readonly reason: string;
}

/** Packages for building and testing that are allowed by name. */
export const licenceExceptions: Readonly<Record<string, LicenceException>> = {
  "@cspell/dict-django": { licence: "WTFPL", reason: "a word list of the spell checker; permits everything" },
  "@cspell/dict-en-common-misspellings": {
    licence: "CC BY-SA 4.0",
    reason: "a word list of the spell checker; nothing of it is passed on",
  },
  "caniuse-lite": { licence: "CC-BY-4.0", reason: "data for Jest's transformer; nothing of it is passed on" },
  httpntlm: { licence: undefined, reason: "of newman; names MIT in an old form that npm does not read" },
  "stack-trace": { licence: undefined, reason: "of newman; its licence file is MIT, its metadata names none" },
  "stream-length": { licence: "WTFPL", reason: "of newman; permits everything" },
};

/** What is wrong with the licences, one line per package, sorted; empty when all are allowed. */
export function licenceFaults(
  locked: LockedPackages,
  exceptions: Readonly<Record<string, LicenceException>> = licenceExceptions,
): readonly string[] {
  const excepted = new Set<string>();
  const faults = Object.entries(locked).flatMap(([place, { version, license, dev }]) => {
    const name = nameOf(place);
    const exception = exceptions[name];
    if (dev === true && exception !== undefined && exception.licence === license) {
      excepted.add(name);
      return [];
    }
    const allowed = dev === true ? developmentLicences : deployedLicences;
    if (license !== undefined && isAllowed(license, allowed)) return [];
    return [`${name}@${version}: ${license ?? "no licence"} is not allowed ${dev === true ? "" : "in a deployment"}`];
  });
  const unused = Object.keys(exceptions).filter((name) => !excepted.has(name));
  return [
    ...faults.map((fault) => fault.trim()),
    ...unused.map((name) => `${name}: the exception has no effect`),
  ].sort();
}

/** Whether an SPDX expression offers an allowed choice. An expression that mixes AND with OR is not allowed. */
function isAllowed(expression: string, allowed: readonly string[]): boolean {
  const plain = expression.replace(/^\((.*)\)$/, "$1");
  const choices = plain.split(" OR ");
  const parts = plain.split(" AND ");
  if (choices.length > 1 && parts.length > 1) return false;
  return parts.length > 1 ? parts.every((id) => allowed.includes(id)) : choices.some((id) => allowed.includes(id));
}

if (import.meta.main) {
  const locked = lockedPackages();
  const faults = licenceFaults(locked);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
  else console.log(`${Object.keys(locked).length} packages have an allowed licence`);
}
