/** The API's resources as the console reads them. */
export type { Coupon } from "../../../coupons/contract.ts";
export type { Partner } from "../../../partners/contract.ts";
export type { SubscriptionView } from "../../../subscriptions/contract.ts";
export type { CreditMovement, User } from "../../../users/contract.ts";
