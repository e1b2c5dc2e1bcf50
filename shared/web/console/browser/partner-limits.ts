/** How much a partner may call: the facts and the actions of its page. */
import type { Child } from "./dom.ts";
import type { Field, Values } from "./forms.ts";
import { number, wholeNumberOf } from "./format.ts";
import type { Actions } from "./resource-view.ts";
import type { Partner } from "./resources.ts";
import type { Console } from "./view.ts";

type Limits = Partner["limits"];

export function limitFacts({ limits, hasOwnLimits }: Partner): readonly (readonly [string, Child])[] {
  const { requestsPerSecond, burst, requestsPerMonth } = limits;
  return [
    ["Rate", `${number(requestsPerSecond)} per second, ${number(burst)} at once`],
    ["Monthly quota", `${number(requestsPerMonth)} requests`],
    ["Limits", hasOwnLimits ? "set for this partner" : "the defaults of the stage"],
  ];
}

export function limitActions(
  path: string,
  { name, limits, hasOwnLimits, etag }: Partner,
  api: Console["api"],
): Actions {
  return {
    limits: {
      label: "Change the limits",
      dialog: {
        title: "Change the limits",
        text: `Requests of ${name} beyond a limit are refused.`,
        fields: limitFields(limits),
        submit: "Save",
      },
      act: (values) => api.patch(path, etag, { limits: limitsOf(values) }),
      done: "The limits are changed.",
    },
    defaultLimits: !hasOwnLimits
      ? undefined
      : {
          label: "Use the default limits",
          dialog: {
            title: "Use the default limits?",
            text: `Limits that were set for ${name} end. The defaults of the stage apply instead, also when they change.`,
            submit: "Use the defaults",
          },
          act: () => api.patch(path, etag, { limits: null }),
          done: `${name} has the default limits.`,
        },
  };
}

/** The names are the ends of JSON Pointers, so that an error finds its field. */
function limitFields(limits: Limits): Field[] {
  const field = (member: keyof Limits, label: string, hint?: string): Field => ({
    name: `limits/${member}`,
    label,
    ...(hint !== undefined && { hint }),
    inputmode: "numeric",
    value: String(limits[member]),
    read: wholeNumberOf,
  });
  return [
    field("requestsPerSecond", "Requests per second"),
    field("burst", "Burst", "Requests that may come at once after a pause."),
    field("requestsPerMonth", "Requests per month", "A calendar month of UTC."),
  ];
}

function limitsOf(values: Values): object {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.slice("limits/".length), value]));
}
