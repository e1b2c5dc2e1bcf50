/** What the list of coupons and the page of a coupon share: paths, form fields and the status. */
import type { Field } from "./forms.ts";
import { instantOf, localMinute, wholeNumberOf } from "./format.ts";
import type { Coupon } from "./resources.ts";

export const couponsPath = "/v1/coupons";

export const couponsHash = "#/coupons";

/** Why a coupon can or cannot be redeemed now. */
export function couponStatus({ active, expiresAt, remaining }: Coupon): "active" | "expired" | "off" | "sold out" {
  if (Date.parse(expiresAt) <= Date.now()) return "expired";
  if (!active) return "off";
  return remaining === 0 ? "sold out" : "active";
}

/** The fields that can be changed later. @param coupon its values fill the fields */
export function termFields(coupon?: Coupon): Field[] {
  return [
    { name: "name", label: "Name", hint: "Users see it.", ...(coupon && { value: coupon.name }) },
    {
      name: "quantity",
      label: "Quantity",
      hint: "How many users can redeem it.",
      inputmode: "numeric",
      codes: ["coupon_quantity_too_low"],
      read: wholeNumberOf,
      ...(coupon && { value: String(coupon.quantity) }),
    },
    {
      name: "expiresAt",
      label: "Ends",
      hint: "In your time zone.",
      type: "datetime-local",
      read: instantOf,
      ...(coupon && { value: localMinute(coupon.expiresAt) }),
    },
  ];
}
