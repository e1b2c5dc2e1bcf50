/** The page of a coupon: its terms, its stock, its actions and its audit trail. */
import { auditTrail } from "./audit-trail.ts";
import { copyableId } from "./clipboard.ts";
import { couponsHash, couponsPath, couponStatus, termFields } from "./coupon-fields.ts";
import type { Child } from "./dom.ts";
import { moment, number, share } from "./format.ts";
import { ResourceView, type Action } from "./resource-view.ts";
import type { Coupon } from "./resources.ts";
import type { Console, View } from "./view.ts";

export function couponView(console: Console, id: string): View {
  const { api, signal } = console;
  const path = `${couponsPath}/${encodeURIComponent(id)}`;
  return new ResourceView<Coupon>({
    thing: "coupon",
    id,
    back: [couponsHash, "Coupons"],
    read: () => api.get(path, signal),
    status: couponStatus,
    facts: factsOf,
    note: noteOf,
    actions: (coupon) => ({
      edit: {
        label: "Edit",
        dialog: { title: "Edit the coupon", fields: termFields(coupon), submit: "Save" },
        act: (values) => api.patch(path, coupon.etag, values),
        done: "The coupon is changed.",
      },
      active: toggleAction(path, coupon, api),
    }),
    below: { title: "Audit trail", list: auditTrail(console, id) },
  });
}

function factsOf(coupon: Coupon): readonly (readonly [string, Child])[] {
  const redeemed = coupon.quantity - coupon.remaining;
  return [
    ["Coupon id", copyableId("Coupon id", coupon.id)],
    ["Price in credit", number(coupon.value)],
    ["Redeemed", share("Redeemed", redeemed, coupon.quantity)],
    ["Left", number(coupon.remaining)],
    ["Credit spent on it", number(redeemed * coupon.value)],
    ["Ends", moment(coupon.expiresAt)],
    ["Created", moment(coupon.createdAt)],
    ["Changed", moment(coupon.updatedAt)],
  ];
}

function noteOf(coupon: Coupon): string | undefined {
  const notes = {
    active: undefined,
    expired: "Users can no longer redeem it. A later end makes it available again.",
    off: "Users do not see it and cannot redeem it.",
    "sold out": "All of them are redeemed. A higher quantity makes it available again.",
  };
  return notes[couponStatus(coupon)];
}

function toggleAction(path: string, { name, active, etag }: Coupon, api: Console["api"]): Action {
  return {
    label: active ? "Switch off" : "Switch on",
    act: () => api.patch(path, etag, { active: !active }),
    done: active ? `${name} is switched off.` : `${name} is switched on.`,
  };
}
