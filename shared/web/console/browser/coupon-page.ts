/** Coupons: the list, creating one, changing one, switching one off and on. */
import type { Coupon } from "../../../coupons/contract.ts";
import { ask, type DialogOutcome } from "./dialogs.ts";
import { element } from "./dom.ts";
import type { Field } from "./forms.ts";
import { badge, instantOf, localMinute, moment, number, wholeNumberOf } from "./format.ts";
import { list } from "./list.ts";
import { actionButton, changeOf, headingOf, settle, type Console, type View } from "./view.ts";

const path = "/v1/coupons";

export function couponsView({ api, signal }: Console): View {
  const create = async (): Promise<void> => {
    const outcome = await ask({
      title: "Create a coupon",
      fields: [
        nameField(),
        {
          name: "code",
          label: "Code",
          hint: "4 to 25 characters. Keep it: nobody can look it up later",
          codes: ["coupon_code_taken"],
        },
        {
          name: "value",
          label: "Price in credit",
          hint: "What redeeming takes from a user's credit",
          inputmode: "numeric",
          read: wholeNumberOf,
        },
        quantityField(),
        expiryField(),
      ],
      submit: "Create",
      act: async (values) => {
        await api.post(path, values);
      },
    });
    await settle(outcome, coupons.reload, "The coupon is created.");
  };
  /** The row is shown as it is then; after a change by somebody else the whole list is read again. */
  const settleRow = async (outcome: DialogOutcome, changed: Coupon | undefined, done: string): Promise<void> => {
    await settle(outcome, async () => (changed ? coupons.replace(changed) : await coupons.reload()), done);
  };
  const edit = async (coupon: Coupon): Promise<void> => {
    let changed: Coupon | undefined;
    const outcome = await ask({
      title: "Edit the coupon",
      fields: [nameField(coupon), quantityField(coupon), expiryField(coupon)],
      submit: "Save",
      act: async (values) => {
        changed = await api.patch<Coupon>(`${path}/${coupon.id}`, coupon.etag, values);
      },
    });
    await settleRow(outcome, changed, `${coupon.name} is changed.`);
  };
  const toggle = async ({ id, etag, name, active }: Coupon): Promise<void> => {
    let changed: Coupon | undefined;
    const outcome = await changeOf(async () => {
      changed = await api.patch<Coupon>(`${path}/${id}`, etag, { active: !active });
    });
    await settleRow(outcome, changed, active ? `${name} is switched off.` : `${name} is switched on.`);
  };
  const actionsOf = (coupon: Coupon): HTMLElement =>
    element(
      "div",
      { class: "buttons" },
      actionButton("Edit", () => edit(coupon), { id: `edit-${coupon.id}`, "aria-label": `Edit ${coupon.name}` }),
      actionButton(coupon.active ? "Switch off" : "Switch on", () => toggle(coupon), {
        id: `toggle-${coupon.id}`,
        "aria-label": `${coupon.active ? "Switch off" : "Switch on"} ${coupon.name}`,
      }),
    );

  const coupons = list<Coupon>({
    things: "coupons",
    columns: [
      { title: "Name", cell: ({ name }) => name },
      { title: "Status", cell: ({ active, expiresAt }) => badge(statusOf(active, expiresAt)) },
      { title: "Price", cell: ({ value }) => number(value), numeric: true },
      {
        title: "Left",
        cell: ({ remaining, quantity }) => `${number(remaining)} of ${number(quantity)}`,
        numeric: true,
      },
      { title: "Ends", cell: ({ expiresAt }) => moment(expiresAt) },
      { title: "Actions", cell: actionsOf },
    ],
    load: (cursor) => api.page(path, { cursor }, signal),
    empty: "There are no coupons yet. Create the first one.",
    textOf: ({ id, name }) => `${id}\n${name}`,
    tools: [actionButton("Create a coupon", create, { class: "primary" })],
  });
  const heading = headingOf("Coupons");
  return { heading, content: [heading, coupons.element], load: coupons.reload };
}

function statusOf(active: boolean, expiresAt: string): string {
  if (Date.parse(expiresAt) <= Date.now()) return "expired";
  return active ? "active" : "off";
}

function nameField(coupon?: Coupon): Field {
  return { name: "name", label: "Name", hint: "Users see it", ...(coupon && { value: coupon.name }) };
}

function quantityField(coupon?: Coupon): Field {
  return {
    name: "quantity",
    label: "Quantity",
    hint: "How often it can be redeemed in all",
    inputmode: "numeric",
    codes: ["coupon_quantity_too_low"],
    read: wholeNumberOf,
    ...(coupon && { value: String(coupon.quantity) }),
  };
}

function expiryField(coupon?: Coupon): Field {
  return {
    name: "expiresAt",
    label: "Ends",
    hint: "In your time zone",
    type: "datetime-local",
    read: instantOf,
    ...(coupon && { value: localMinute(coupon.expiresAt) }),
  };
}
