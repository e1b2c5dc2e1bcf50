/** The API's resources as the console reads them. */
export type { CouponView as Coupon } from "../../../coupons/contract.ts";
export type { BankAccountView as BankAccount, CompanyView as Company } from "../../../companies/contract.ts";
export type {
  OffBoardingView as OffBoarding,
  PartnerView as Partner,
  SecretStateView as SecretState,
} from "../../../partners/contract.ts";
export type { AuditRecordView as AuditRecord } from "../../../audit/contract.ts";
export type { UsageOfAllView as UsageOfAll, UsageView as Usage } from "../../../usage/contract.ts";
export type { EndpointView as WebhookEndpoint } from "../../../webhooks/contract.ts";
export type { HistoryEntryView as HistoryEntry, SubscriptionView } from "../../../subscriptions/contract.ts";
export type { LedgerMovementView as LedgerMovement, SelfView as Self, SessionView } from "../../../users/contract.ts";
export type { UserView as User } from "../../../users/schemas.ts";
