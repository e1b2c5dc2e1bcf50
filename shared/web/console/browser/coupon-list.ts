/** The list of coupons, with the creation of a new one. */
import { couponsHash, couponsPath, couponStatus, termFields } from "./coupon-fields.ts";
import { ask } from "./dialogs.ts";
import type { Field } from "./forms.ts";
import { badge, clampedLink, moment, number, wholeNumberOf } from "./format.ts";
import { say } from "./messages.ts";
import { orderedList } from "./ordered-list.ts";
import type { Coupon } from "./resources.ts";
import { actionButton, headingOf, type Console, type View } from "./view.ts";

export function couponsView(console: Console): View {
  const list = orderedList<Coupon>(console, {
    path: couponsPath,
    things: "coupons",
    searched: "name",
    orders: [["name", "by name"]],
    columns: [
      { title: "Name", cell: ({ id, name }) => clampedLink(`${couponsHash}/${id}`, name) },
      { title: "Status", cell: (coupon) => badge(couponStatus(coupon)) },
      { title: "Price", cell: ({ value }) => number(value), numeric: true },
      {
        title: "Left",
        cell: ({ remaining, quantity }) => `${number(remaining)} of ${number(quantity)}`,
        numeric: true,
      },
      { title: "Ends", cell: ({ expiresAt }) => moment(expiresAt) },
    ],
    empty: "There are no coupons yet. Create the first one.",
    tools: [actionButton("Create a coupon", () => create(console), { class: "primary" })],
  });
  const heading = headingOf("Coupons");
  return { heading, content: [heading, list.element], load: () => list.reload() };
}

function creationFields(): readonly Field[] {
  const [name, ...terms] = termFields();
  const code: Field = {
    name: "code",
    label: "Code",
    hint: "4 to 25 characters. Keep it: nobody can read it again.",
    codes: ["coupon_code_taken"],
  };
  const price: Field = {
    name: "value",
    label: "Price in credit",
    hint: "The credit that a user pays.",
    inputmode: "numeric",
    read: wholeNumberOf,
  };
  return [...(name === undefined ? [] : [name]), code, price, ...terms];
}

async function create({ api, go }: Console): Promise<void> {
  let created: Coupon | undefined;
  await ask({
    title: "Create a coupon",
    fields: creationFields(),
    submit: "Create",
    act: async (values) => {
      created = await api.post<Coupon>(couponsPath, values);
    },
  });
  if (created === undefined) return;
  const { id, name } = created;
  go(`${couponsHash}/${id}`, () => say(`${name} is created.`));
}
