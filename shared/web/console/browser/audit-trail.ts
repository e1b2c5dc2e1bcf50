/** The audit trail of one object: who has changed it, when, and what. */
import { element, type Child } from "./dom.ts";
import { clamped, moment, number, technicalName } from "./format.ts";
import { PagedList } from "./paged-list.ts";
import type { AuditRecord } from "./resources.ts";
import { userLinks } from "./user-links.ts";
import type { Console } from "./view.ts";

/** What the API says instead of a value that the trail does not have. */
const hidden = "[hidden]";

/** A longer value is cut off, with the whole of it in the tooltip. */
const maxShownLength = 30;

type Value = string | number | boolean | null | undefined;

/** @param target id of the object */
export function auditTrail(console: Console, target: string): PagedList<AuditRecord> {
  const { api, signal } = console;
  const linkTo = userLinks(console);
  return new PagedList<AuditRecord>({
    things: "changes",
    columns: [
      { title: "When", cell: ({ at }) => moment(at) },
      // The trail has what partners change of themselves.
      { title: "Who", cell: ({ actor }) => (actor.kind === "partner" ? "the partner" : linkTo(actor.id)) },
      { title: "Operation", cell: ({ operation }) => technicalName(operation) },
      { title: "Changed fields", cell: fieldsOf },
    ],
    load: (cursor) => api.page("/v1/audit", { cursor, target }, signal),
    empty: "No change is recorded.",
  });
}

function fieldsOf({ before, after }: AuditRecord): Child {
  // The API gives the fields in no order.
  const names = Object.keys({ ...before, ...after }).sort();
  if (names.length === 0) return "not shown";
  const changes = names.map((name) =>
    element("li", {}, technicalName(name), ": ", ...changeOf(before && { value: before[name] }, after?.[name])),
  );
  return element("ul", { class: "plain" }, ...changes);
}

/** @param before null for a new object @param after undefined for a deleted object */
function changeOf(before: { readonly value: Value } | null, after: Value): readonly Child[] {
  if (before === null) return [shown(after)];
  if (before.value === hidden && after === hidden) return ["changed, values not shown"];
  return [shown(before.value), " → ", shown(after)];
}

function shown(value: Value): Child {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "number") return number(value);
  const text = String(value);
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? moment(text) : clampedIfLong(text);
}

/** Short values wrap between words; a long one could be a single word. */
function clampedIfLong(text: string): Child {
  return text.length > maxShownLength ? clamped(text) : text;
}
