/** Why each problem happens, and what the document that tells of it says: the other half of its page. */
import type { FieldError, ProblemCode } from "../../domain/problems.ts";

export interface ProblemCase {
  /** What leads to it, the most frequent first. */
  readonly causes: readonly [string, ...string[]];
  /** The `detail` of an example. */
  readonly detail: string;
  /** The `errors` of an example, where the code names fields. */
  readonly errors?: readonly FieldError[];
}

export const problemCases: Record<ProblemCode, ProblemCase> = {
  body_malformed: {
    causes: [
      "A comma, a quote or a bracket is missing or one too many, often where JSON was put together by hand.",
      "The body was cut off, or is not encoded in UTF-8.",
    ],
    detail: "The body is not valid JSON (RFC 8259).",
  },
  cursor_invalid: {
    causes: [
      "The filters of this request differ from those of the page that gave the cursor.",
      "The cursor was shortened, decoded, or built by hand.",
      "The cursor was given to another caller or by another list, or the key behind all cursors was replaced.",
    ],
    detail: "Send `nextCursor` of the page before unchanged, with the same filters.",
  },
  token_missing: {
    causes: [
      "The request was sent without a token, or a proxy on the way took the header off.",
      "A client followed a redirect to another host and left the header behind.",
    ],
    detail: "Send an access token in the Authorization header: `Authorization: Bearer <token>`.",
  },
  token_invalid: {
    causes: [
      "Something other than an access token was sent: a refresh token, a client secret, an identity provider's token.",
      "The token comes from another stage, and so from another issuer.",
      "The header has another scheme than `Bearer`, or the token was cut off.",
    ],
    detail: "The access token is malformed, forged or not meant for this API.",
  },
  token_expired: {
    causes: [
      "The token was kept longer than the `expires_in` seconds that came with it.",
      "A process slept, or works with a copy of the token that is never renewed.",
    ],
    detail: "The access token has expired. Ask for a new one.",
  },
  token_revoked: {
    causes: [
      "Another server of the same partner asked for a token: under the policy `single` the newest alone is valid.",
      "Somebody revoked the tokens, signed out, or changed the password or the role.",
      "The partner or the user was suspended or deleted.",
    ],
    detail: "The access token was revoked or replaced by a newer one. Ask for a new one.",
  },
  credentials_invalid: {
    causes: [
      "A slip of the keyboard: passwords are compared exactly.",
      "The user is suspended or deleted, which is answered alike so that nobody can tell.",
      "The user comes from the identity provider and has no password here.",
    ],
    detail: "The username or the password is wrong.",
  },
  forbidden: {
    causes: [
      "The operation is for administrators, and the user is none.",
      "A partner called what is for people, or a person what is for partners.",
      "Someone other than root tried to change a role, or anyone to suspend, demote or delete root.",
    ],
    detail: "This operation needs the role admin or root.",
  },
  insufficient_scope: {
    causes: [
      "The token was asked for with a `scope` parameter that leaves this scope out.",
      "A token for reading was used for a change.",
    ],
    detail: "This operation needs the scope subscriptions:write.",
  },
  not_found: {
    causes: [
      "The path or the method has a slip, or the id is not of the right form.",
      "What the id names was deleted, or never was.",
      "It belongs to another caller: that is answered alike, so that nobody learns what exists.",
    ],
    detail: "There is nothing here that you may see.",
  },
  idempotency_key_reused: {
    causes: [
      "A key was made from something that is not unique, as a customer's number or the time in seconds.",
      "The request was changed, be it a timestamp in its body, and then repeated under its old key.",
    ],
    detail: "This key was used with another path or body within the last 24 hours.",
  },
  request_in_progress: {
    causes: [
      "A client gave up waiting and repeated the request while the first one was still at work.",
      "Two workers took the same job from a queue at the same moment.",
    ],
    detail: "The first request with this key is still running. Send it again in a moment.",
  },
  partner_email_taken: {
    causes: [
      "The partner was registered before, maybe in other spelling: upper and lower case are the same here.",
      "Two registrations with the same address ran at the same moment, and the other one won.",
    ],
    detail: "Another partner is registered with this e-mail address.",
  },
  partner_in_use: {
    causes: [
      "The partner still serves customers of its own.",
      "A subscription or a company was created at the very moment of the deletion.",
    ],
    detail: "The partner has live subscriptions. Cancel them first.",
  },
  username_taken: {
    causes: [
      "Somebody has the name, maybe in other case: `Ada` and `ada` are one name.",
      "A deleted user had it: names are not given out again, so that nobody is taken for somebody else.",
    ],
    detail: "This username belongs to another user, or did once.",
  },
  credit_insufficient: {
    causes: [
      "The coupon's value is more than the credit that is left.",
      "Other spending ran at the same moment and came first.",
      "An administrator tried to take more than there is.",
    ],
    detail: "The credit is not enough: it never falls below zero.",
  },
  coupon_code_taken: {
    causes: [
      "The code was used for an earlier campaign; codes are kept for ever.",
      "The same coupon was created twice, without an idempotency key.",
    ],
    detail: "Another coupon has this code.",
  },
  coupon_quantity_too_low: {
    causes: [
      "More people redeemed the coupon than was known when the quantity was chosen.",
      "Redemptions went on between reading the coupon and changing it.",
    ],
    detail: "The coupon has already been redeemed more often than this quantity.",
    errors: [{ pointer: "/quantity", detail: "The coupon has already been redeemed more often than this quantity." }],
  },
  coupon_not_found: {
    causes: [
      "The code was mistyped, its case included, or copied together with a blank.",
      "The code is one of another stage, or of another company.",
    ],
    detail: "No coupon has this code.",
  },
  coupon_inactive: {
    causes: [
      "An administrator has switched the coupon off, for a pause or because of a mistake in it.",
      "The campaign was prepared, but has not begun.",
    ],
    detail: "The coupon is not active.",
  },
  coupon_expired: {
    causes: ["The coupon's `expiresAt` has passed.", "An administrator has moved the end of the campaign forward."],
    detail: "The coupon has expired.",
  },
  coupon_already_redeemed: {
    causes: [
      "You redeemed it earlier, maybe on another device.",
      "A request whose answer was lost was sent again without its idempotency key.",
    ],
    detail: "You have already redeemed this coupon.",
  },
  coupon_exhausted: {
    causes: [
      "Others were faster: every piece of the stock is taken.",
      "An administrator has lowered the quantity to what was redeemed.",
    ],
    detail: "The coupon has been redeemed as often as possible.",
  },
  subscription_exists: {
    causes: [
      "The customer subscribed before, and that has neither expired nor been cancelled.",
      "A subscription that begins later counts as well.",
      "The same creation was sent twice, without an idempotency key.",
    ],
    detail: "This user has a live subscription. Extend it, or cancel it first.",
  },
  subscription_cancelled: {
    causes: [
      "The subscription was cancelled before the extension came.",
      "Another process of the same site cancelled it at the same moment.",
    ],
    detail: "A cancelled subscription cannot be extended. Create a new one.",
  },
  precondition_failed: {
    causes: [
      "Somebody else changed it between your reading and your writing.",
      "`If-Match` carries a weak tag (`W/…`), which never matches, or the tag of another resource.",
    ],
    detail: "The resource is no longer as you read it. Read it again.",
  },
  body_too_large: {
    causes: [
      "Many records were put into one request.",
      "A file, or a whole object of the caller's own program, was sent along.",
    ],
    detail: "A body may have 64 KiB (65536 bytes) at most.",
  },
  media_type_unsupported: {
    causes: [
      "The `Content-Type` header is missing: many programs send a form unless they are told otherwise.",
      "The charset is another one than UTF-8.",
    ],
    detail: "Send the body as application/json, in UTF-8.",
  },
  validation_failed: {
    causes: [
      "A field that is needed was left out, or its value is of the wrong kind, length or form.",
      "A field or a parameter of the query is misspelt: what is not known is refused and never ignored.",
      "A member is there twice, or a text holds characters that no text should.",
    ],
    detail: "Some fields are not valid; `errors` names each of them.",
    errors: [
      { pointer: "/externalUserId", detail: "is required" },
      { pointer: "/userEmail", detail: "must be an e-mail address" },
    ],
  },
  password_too_common: {
    causes: [
      "The password is on the list of the ten thousand that leaked most often.",
      "It is one of those in other case, which helps nobody.",
    ],
    detail: "This password is among the commonest. Choose another one.",
  },
  period_invalid: {
    causes: [
      "`expiresAt` is not after now, or not after the expiry that the subscription has.",
      "The clock or the time zone of the caller is wrong.",
      "The end would lie after the year 9999, or the start before 1970.",
    ],
    detail: "The new expiry must lie after the old one and after now.",
    errors: [{ pointer: "/expiresAt", detail: "The new expiry must lie after the old one and after now." }],
  },
  bank_account_exists: {
    causes: [
      "It was added before, by hand or by another program.",
      "Two requests added it at the same moment, and the other one won.",
    ],
    detail: "The company has this bank account already.",
  },
  limit_reached: {
    causes: ["The company has 50 bank accounts.", "Accounts that are not in use were never removed."],
    detail: "A company has at most 50 bank accounts. Remove one first.",
  },
  bank_unknown: {
    causes: [
      "The code was mistyped, or lost its leading zeros as a number.",
      "The bank is not in the directory, or has another code by now.",
    ],
    detail: "The directory at /v1/banks does not have this bank.",
    errors: [{ pointer: "/bankCode", detail: "is not in the directory of banks" }],
  },
  participants_unknown: {
    causes: ["A username was mistyped.", "The user was deleted or suspended meanwhile."],
    detail: "Not active users: grace. Remove them.",
    errors: [{ pointer: "/participants/0", detail: "grace is not an active user" }],
  },
  too_many_attempts: {
    causes: [
      "Ten wrong passwords for one name, or ten wrong coupon codes of one user, came within 15 minutes.",
      "A program goes on with a password that was changed meanwhile.",
      "Somebody else is guessing.",
    ],
    detail: "Too many failed attempts. Wait, then try again.",
  },
  rate_limited: {
    causes: [
      "A program sends without a pause, or many of its workers began at once.",
      "All callers together sent more than the stage is set up for.",
    ],
    detail: "There are too many requests at the moment. Send the request again later.",
  },
  internal_error: {
    causes: [
      "There is a bug in Portico, or something that it needs is set up wrongly.",
      "It is not the request's fault, whatever it said.",
    ],
    detail: "Portico made a mistake. It has been reported; the request id helps to find it.",
  },
  unavailable: {
    causes: [
      "The database was busy or out of reach for a moment.",
      "The call was too much for the time that it had, as the deletion of a partner with many items.",
    ],
    detail: "A service that Portico depends on did not answer in time. Send the request again.",
  },
};
