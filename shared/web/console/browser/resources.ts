/** The API's resources as the console reads them. */
export type { CouponView as Coupon } from "../../../coupons/contract.ts";
export type { PartnerView as Partner } from "../../../partners/contract.ts";
export type { SubscriptionView } from "../../../subscriptions/contract.ts";
export type {
  CreditMovementView as CreditMovement,
  SelfView as Self,
  SessionView,
  UserView as User,
} from "../../../users/contract.ts";
