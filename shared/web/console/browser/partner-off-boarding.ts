/** Off-boarding a partner: repeats the call until it is done, and shows how far it is. */
import type { Api } from "./api.ts";
import { element } from "./dom.ts";
import { counted } from "./format.ts";
import { RequestError } from "./requests.ts";
import type { Action } from "./resource-view.ts";
import type { OffBoarding, Partner } from "./resources.ts";

type Totals = Omit<OffBoarding, "done">;

/** @param path of the partner in the API */
export function offBoarding(path: string, { name }: Partner, api: Api): Action {
  const progress = element("p", { class: "hint", role: "status" });
  let totals: Totals = { subscriptionsCancelled: 0, companiesDeleted: 0 };
  const act = async (values: Readonly<Record<string, unknown>>): Promise<void> => {
    if (values["name"] !== name) throw wrongName();
    progress.textContent = "Off-boarding…";
    for (;;) {
      const step = await api.post<OffBoarding>(`${path}/off-board`, {});
      totals = sum(totals, step);
      progress.textContent = `${sentenceOf(totals)} so far…`;
      // A closed dialog stops the work after the current call; the same action continues it.
      if (step.done || !progress.isConnected) return;
    }
  };
  return {
    label: "Off-board",
    danger: true,
    dialog: {
      title: "Off-board the partner?",
      text: `This suspends ${name}, cancels all its subscriptions and deletes all its companies. You cannot undo this. Afterwards the partner can be deleted.`,
      fields: [{ name: "name", label: "Type the partner's name" }],
      submit: "Off-board",
      danger: true,
      below: progress,
    },
    act,
    done: () => `${name} is off-boarded: ${sentenceOf(totals)}. It can be deleted now.`,
    reloadsAlways: true,
  };
}

function sum(one: Totals, other: Totals): Totals {
  return {
    subscriptionsCancelled: one.subscriptionsCancelled + other.subscriptionsCancelled,
    companiesDeleted: one.companiesDeleted + other.companiesDeleted,
  };
}

function sentenceOf({ subscriptionsCancelled, companiesDeleted }: Totals): string {
  const subscriptions = counted(subscriptionsCancelled, "subscription", "subscriptions");
  return `${subscriptions} cancelled and ${counted(companiesDeleted, "company", "companies")} deleted`;
}

function wrongName(): RequestError {
  const detail = "must be the partner's name, letter by letter";
  const errors = [{ pointer: "/name", detail }];
  return new RequestError({ status: 422, code: "validation_failed", title: "The name differs", detail, errors });
}

/** How often an interrupted deletion is continued. */
const maxContinuations = 20;

/** Deletes a partner. The API removes much in several calls; the same call continues. */
export async function deletePartner(api: Api, path: string, etag: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await api.delete(path, etag);
      return;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      // The answer to the call that finished it was lost.
      if (attempt > 1 && error.code === "not_found") return;
      if (error.code !== "unavailable" || attempt >= maxContinuations) throw error;
    }
  }
}
