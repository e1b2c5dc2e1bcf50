/** Recorded calls as templates: the same accesses with the ids of other callers. */
import { dayOf } from "../../../shared/runtime/day-counts.ts";
import type { RecordedCall, Recording } from "./calls.ts";
import { templateOf, type Family, type Ids, type PlaceKey } from "./families.ts";
import type { Access, Step } from "./record.ts";

/** Who makes a simulated call, and when. */
export interface Situation {
  /** Values for the roles of the recording. */
  readonly roles: Ids;
  /** Milliseconds of the epoch. */
  readonly now: number;
  /** How long ago the object of the call was made, in milliseconds. */
  readonly age: number;
  readonly random: () => number;
}

export interface AccessTemplate {
  readonly access: Access;
  readonly family: Family;
  readonly keyFor: (situation: Situation) => PlaceKey;
}

export interface TableCallTemplate {
  readonly kind: "read" | "write" | "transaction";
  readonly accesses: readonly AccessTemplate[];
}

export type StepTemplate = readonly TableCallTemplate[];

export interface CallTemplate {
  readonly id: string;
  readonly share: number;
  readonly caller: RecordedCall["caller"];
  readonly steps: readonly StepTemplate[];
}

type Resolver = (situation: Situation) => string;

const minuteMs = 60_000;
let sequence = 0;

/** A part of a key in the call of somebody else. */
function resolverOf(name: string, value: string, { roles, at }: Pick<RecordedCall, "roles" | "at">): Resolver {
  const role = Object.keys(roles).find((each) => roles[each] === value);
  if (role !== undefined) return ({ roles: others }) => others[role] ?? value;
  if (name === "number") return () => String(++sequence);
  if (name === "piece") return ({ random, roles: { pieces } }) => String(Math.floor(random() * Number(pieces)));
  if (/^\d{4}-\d\d-\d\dT/.test(value)) {
    const offset = Math.round((Date.parse(value) - at) / minuteMs) * minuteMs;
    return ({ now, age }) => new Date(now - age + offset).toISOString();
  }
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return ({ now }) => dayOf(now);
  if (/^[a-z]{3}_[0-9A-Z]{26}$/.test(value)) return ({ now, random }) => idAt(value.slice(0, 4), now, random);
  return () => value;
}

const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A text that sorts like a ULID of this moment. */
export function idAt(prefix: string, now: number, random: () => number): string {
  let id = prefix;
  for (let digit = 9; digit >= 0; digit--) id += letters.charAt(Math.floor(now / 32 ** digit) % 32);
  return `${id}${Math.floor(random() * 2 ** 40)
    .toString(32)
    .toUpperCase()
    .padStart(16, "0")}`;
}

function accessTemplate(access: Access, call: Pick<RecordedCall, "roles" | "at">): AccessTemplate {
  const { family, parts } = templateOf(access, call.roles);
  const resolvers = Object.entries(parts).map(([name, value]) => [name, resolverOf(name, value, call)] as const);
  return {
    access,
    family,
    keyFor: (situation) => {
      // Inherited, not copied: the simulation makes millions of keys.
      const ids = Object.create(situation.roles) as Record<string, string>;
      for (const [name, resolve] of resolvers) ids[name] = resolve(situation);
      return family.key(ids);
    },
  };
}

function stepTemplates(steps: readonly Step[], call: Pick<RecordedCall, "roles" | "at">): readonly StepTemplate[] {
  return steps.map((step) =>
    step.map(({ kind, accesses }) => ({ kind, accesses: accesses.map((access) => accessTemplate(access, call)) })),
  );
}

export interface Templates {
  readonly calls: readonly CallTemplate[];
  /** The authorizer of any caller. */
  readonly authorizer: readonly StepTemplate[];
  /** What the authorizer asks for now and then, by the name of its family. */
  readonly renewals: ReadonlyMap<string, TableCallTemplate>;
  /** What is done later with an event that a call has written. */
  readonly counting: TableCallTemplate;
}

/** @throws Error for a key that belongs to no family */
export function templatesOf({ calls, authorizer, roles, at, counting }: Recording): Templates {
  // The authorizer is recorded with a partner; in a call of a user it reads the user's state.
  const { partnerId = "" } = roles;
  const always = stepTemplates(authorizer.always, { roles: { callerId: partnerId, ...roles }, at });
  const once = stepTemplates(authorizer.renewing, { roles, at }).flat();
  const usual = new Set(always.flat().flatMap(({ accesses }) => accesses.map(({ family }) => family.name)));
  const marks = stepTemplates([counting.flat()], { roles, at }).flat()[0] as TableCallTemplate;
  return {
    calls: calls.map(({ steps, ...call }) => ({ ...call, steps: stepTemplates(steps, call) })),
    authorizer: always,
    renewals: new Map(
      once
        .flatMap((call) => call.accesses.map(({ family }) => [family.name, call] as const))
        .filter(([name]) => !usual.has(name)),
    ),
    counting: { ...marks, accesses: marks.accesses.filter(({ family }) => family.name === "EVENTS#") },
  };
}
