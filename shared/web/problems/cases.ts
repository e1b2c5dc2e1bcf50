/** The causes of each problem and the texts of its example. `pages.ts` has the meanings and remedies. */
import type { FieldError, ProblemCode } from "../../domain/problems.ts";

export interface ProblemCase {
  /** Common causes, the most frequent one first. */
  readonly causes: readonly [string, ...string[]];
  /** The `detail` of the example. */
  readonly detail: string;
  /** The `errors` of the example, for codes that name fields. */
  readonly errors?: readonly FieldError[];
}

export const problemCases: Record<ProblemCode, ProblemCase> = {
  body_malformed: {
    causes: [
      "The JSON has a missing or an extra comma, quote or bracket. This often happens when a program builds JSON by hand.",
      "The body is incomplete or is not encoded in UTF-8.",
    ],
    detail: "The body is not valid JSON (RFC 8259).",
  },
  cursor_invalid: {
    causes: [
      "The filters of this request differ from the filters of the page that returned the cursor.",
      "The cursor was truncated, decoded or built by hand.",
      "The cursor belongs to another caller or another list, or the key that protects cursors was rotated.",
    ],
    detail: "Send `nextCursor` of the previous page unchanged, with the same filters.",
  },
  token_missing: {
    causes: [
      "The client sent the request without a token, or a proxy removed the header.",
      "The client followed a redirect to another host and dropped the header.",
    ],
    detail: "Send an access token in the Authorization header: `Authorization: Bearer <token>`.",
  },
  token_invalid: {
    causes: [
      "The value is not an access token, but a refresh token, a client secret or a token of an identity provider.",
      "The token comes from another stage and therefore has another issuer.",
      "The header does not use the scheme `Bearer`, or the token was truncated.",
    ],
    detail: "The access token is malformed, forged or issued for another API.",
  },
  token_expired: {
    causes: [
      "The client kept the token longer than the `expires_in` seconds of the token response.",
      "A process was suspended, or it uses a copy of the token that nobody renews.",
    ],
    detail: "The access token has expired. Get a new one.",
  },
  token_revoked: {
    causes: [
      "Another server of the same partner got a new token. With the token policy `single`, only the newest token is valid.",
      "Somebody revoked the tokens, signed out, or changed the password or the role.",
      "The partner or the user was suspended or deleted.",
    ],
    detail: "The access token was revoked or replaced by a newer one. Get a new one.",
  },
  proof_invalid: {
    causes: [
      "A proof is sent twice. Each is accepted once, so a repeated request needs a new one.",
      "`htu` differs from the URL of the request, or `htm` from its method.",
      "`iat` is more than 60 seconds old or 30 seconds ahead: the clock is wrong.",
      "`ath` is missing, or is not the hash of this access token.",
    ],
    detail: "The DPoP proof is missing, malformed, too old, used before or made for a different request.",
  },
  credentials_invalid: {
    causes: [
      "The username or the password was mistyped. Passwords are case-sensitive.",
      "The user is suspended or deleted. The response is the same, so that nobody can find out which accounts exist.",
      "The user signs in at the identity provider and has no password in Portico.",
    ],
    detail: "The username or the password is wrong.",
  },
  second_factor_required: {
    causes: [
      "The person has enrolled a second factor, and the sign-in has no `code`.",
      "The program that signs in was written before the person enrolled a second factor.",
    ],
    detail: "Send the `code` of the authenticator app, or a recovery code, as well.",
  },
  password_link_invalid: {
    causes: [
      "The link was used before, or an administrator has made a newer one.",
      "The link is older than 24 hours.",
      "The link was cut off when it was passed on.",
      "The account was suspended or deleted, or its role has changed since the link was made.",
    ],
    detail: "The one-time link is wrong, has expired, was used or was replaced by a newer one.",
  },
  second_factor_invalid: {
    causes: [
      "The code was mistyped, or it expired: an app shows a new one every 30 seconds.",
      "The code was used before. Each code works once, so wait for the next one.",
      "The clock of the phone is wrong by more than half a minute.",
    ],
    detail: "The code is wrong, has expired or was used before.",
  },
  password_change_required: {
    causes: [
      "An administrator created the user and chose its first password, which is for one sign-in only.",
      "A program signs in as a new user and skips the change of the password.",
    ],
    detail: "An administrator chose this password. Change it: POST /v1/users/me/password.",
  },
  second_factor_enrolment_required: {
    causes: [
      "This stage requires a second factor of administrators, and the caller has not enrolled one.",
      "The caller's second factor was reset or removed.",
      "The caller signed in at the identity provider without a second factor.",
    ],
    detail:
      "Administrators need a second factor. Enrol one: POST /v1/users/me/second-factor. Whoever signs in at the identity provider uses a second factor there.",
  },
  forbidden: {
    causes: [
      "The operation is for administrators, and the user is not an administrator.",
      "A partner called an operation for people, or a person called an operation for partners.",
      "The caller tried to change a role without being root, or to suspend, demote or delete root.",
    ],
    detail: "This operation needs the role admin or root.",
  },
  insufficient_scope: {
    causes: [
      "The client requested the token with a `scope` parameter that does not include this scope.",
      "The client used a read-only token for a change.",
    ],
    detail: "This operation needs the scope subscriptions:write.",
  },
  not_found: {
    causes: [
      "The path or the method is misspelt, or the id has the wrong format.",
      "The resource was deleted or never existed.",
      "The resource belongs to another caller. The response is the same, so that nobody can find out what exists.",
    ],
    detail: "Resource not found.",
  },
  idempotency_key_reused: {
    causes: [
      "The client derives its keys from a value that is not unique, for example a customer number or the time in seconds.",
      "The client changed the request, for example a timestamp in the body, and sent it again with the same key.",
    ],
    detail: "This key was used with a different path or body within the last 24 hours.",
  },
  request_in_progress: {
    causes: [
      "The client timed out and retried while the first request was still running.",
      "Two workers took the same job from a queue at the same time.",
    ],
    detail: "The first request with this key is still running. Send it again in a moment.",
  },
  partner_email_taken: {
    causes: [
      "The partner is already registered, possibly in different case: e-mail addresses are not case-sensitive here.",
      "Two registrations with the same address ran at the same time, and the other one was first.",
    ],
    detail: "Another partner is registered with this e-mail address.",
  },
  partner_in_use: {
    causes: [
      "The partner still serves customers.",
      "A subscription or a company was created while the partner was being deleted.",
    ],
    detail: "The partner has live subscriptions. Cancel them first.",
  },
  username_taken: {
    causes: [
      "Another user has the name. Usernames are not case-sensitive: `Ada` and `ada` are the same name.",
      "A deleted user had the name. Usernames are never reused, so that nobody is mistaken for somebody else.",
    ],
    detail: "This username belongs or belonged to another user.",
  },
  second_factor_exists: {
    causes: [
      "The person has a second factor already, for example on another phone.",
      "Two confirmations of one enrolment ran at the same time, and the other one was first.",
    ],
    detail: "Remove the second factor before you enrol another one.",
  },
  credit_insufficient: {
    causes: [
      "The coupon costs more than the remaining credit.",
      "Another redemption ran at the same time and was first.",
      "An administrator tried to take away more credit than the user has.",
    ],
    detail: "The credit is not sufficient: it cannot fall below zero.",
  },
  coupon_code_taken: {
    causes: [
      "The code was used for an earlier campaign. Codes are never released.",
      "The client created the same coupon twice without an idempotency key.",
    ],
    detail: "Another coupon has this code.",
  },
  coupon_quantity_too_low: {
    causes: [
      "Users have redeemed the coupon more often than expected.",
      "Users redeemed the coupon between the read and the change.",
    ],
    detail: "The coupon has already been redeemed more often than this quantity.",
    errors: [{ pointer: "/quantity", detail: "The coupon has already been redeemed more often than this quantity." }],
  },
  coupon_not_found: {
    causes: [
      "The code was mistyped, has the wrong case, or was copied with a space.",
      "The code belongs to another stage or another company.",
    ],
    detail: "No coupon has this code.",
  },
  coupon_inactive: {
    causes: [
      "An administrator has switched the coupon off, for example to correct an error in it.",
      "The campaign is prepared, but has not started yet.",
    ],
    detail: "The coupon is not active.",
  },
  coupon_expired: {
    causes: ["The coupon's `expiresAt` is in the past.", "An administrator has moved the end to an earlier time."],
    detail: "The coupon has expired.",
  },
  coupon_already_redeemed: {
    causes: [
      "The user has already redeemed the coupon, possibly on another device.",
      "The response to the first request was lost, and the client retried without its idempotency key.",
    ],
    detail: "You have already redeemed this coupon.",
  },
  coupon_exhausted: {
    causes: [
      "Other users have redeemed the whole quantity.",
      "An administrator has lowered the quantity to the number of redemptions.",
    ],
    detail: "The coupon is sold out.",
  },
  subscription_exists: {
    causes: [
      "The customer already has a subscription that has neither expired nor been cancelled.",
      "The customer has a scheduled subscription, which starts later.",
      "The client created the same subscription twice without an idempotency key.",
    ],
    detail: "This user already has a live subscription. Extend it, or cancel it first.",
  },
  subscription_cancelled: {
    causes: [
      "The subscription was cancelled before the extension.",
      "Another process of the same partner cancelled it at the same time.",
    ],
    detail: "A cancelled subscription cannot be extended. Create a new one.",
  },
  precondition_failed: {
    causes: [
      "Somebody else changed the resource after you read it.",
      "`If-Match` has a weak tag (`W/…`), which never matches, or the tag of another resource.",
    ],
    detail: "The resource has changed since you read it. Read it again.",
  },
  body_too_large: {
    causes: [
      "The client put many records into one request.",
      "The body contains a file, or a whole object of the client's own program.",
    ],
    detail: "The body must not exceed 64 KiB (65536 bytes).",
  },
  media_type_unsupported: {
    causes: [
      "The `Content-Type` header is missing. Many HTTP clients send a form by default.",
      "The header names a charset other than UTF-8.",
    ],
    detail: "Send the body as application/json, in UTF-8.",
  },
  validation_failed: {
    causes: [
      "A required field is missing, or a value has the wrong type, length or format.",
      "A field or a query parameter is misspelt. Unknown names are rejected, never ignored.",
      "A member occurs twice, or a text contains control characters.",
    ],
    detail: "Some fields are invalid. `errors` lists each of them.",
    errors: [
      { pointer: "/externalUserId", detail: "is required" },
      { pointer: "/userEmail", detail: "must be an e-mail address" },
    ],
  },
  password_too_common: {
    causes: [
      "The password is one of the ten thousand most frequently leaked passwords.",
      "The password differs from one of them only in case.",
    ],
    detail: "This password is too common. Choose a different one.",
  },
  period_invalid: {
    causes: [
      "`expiresAt` is not later than now, or not later than the current expiry of the subscription.",
      "The clock or the time zone of the client is wrong.",
      "The end is after the year 9999, or the start is before 1970.",
    ],
    detail: "The new expiry must be later than the current expiry and later than now.",
    errors: [
      { pointer: "/expiresAt", detail: "The new expiry must be later than the current expiry and later than now." },
    ],
  },
  bank_account_exists: {
    causes: [
      "Somebody or another program has already added the account.",
      "Two requests added the account at the same time, and the other one was first.",
    ],
    detail: "The company already has this bank account.",
  },
  webhook_endpoint_disabled: {
    causes: [
      "The partner has disabled the endpoint.",
      "The endpoint answered 410, or no delivery to it has succeeded for five days.",
    ],
    detail: "The webhook endpoint is disabled. Enable it first.",
  },
  sandbox_exists: {
    causes: [
      "Somebody of your team has created the sandbox before.",
      "The answer to a creation got lost. With the same `Idempotency-Key`, a repetition gets that answer, without the secret.",
    ],
    detail: "There is a sandbox: GET /v1/sandbox. Its secret: POST /v1/sandbox/secret.",
  },
  sandbox_required: {
    causes: [
      "The program runs with the credentials of production.",
      "Live subscriptions live by the real time, which nobody can move.",
    ],
    detail: "A live partner has no test clock. Send a token of its sandbox.",
  },
  live_partner_required: {
    causes: [
      "A sandbox has no sandbox of its own.",
      "An administrator off-boards or deletes a sandbox without its live partner.",
    ],
    detail: "A sandbox has no sandbox. Send a token of the live partner.",
  },
  limit_reached: {
    causes: [
      "The company has 50 bank accounts, or keeps accounts that it no longer uses.",
      "The partner has 20 webhook endpoints.",
    ],
    detail: "A company has at most 50 bank accounts. Remove one first.",
  },
  bank_unknown: {
    causes: [
      "The code was mistyped, or lost its leading zeros because it was stored as a number.",
      "The bank is not in the directory, or its code has changed.",
    ],
    detail: "The bank directory at /v1/banks does not list this code.",
    errors: [{ pointer: "/bankCode", detail: "is not in the bank directory" }],
  },
  participants_unknown: {
    causes: ["A username is misspelt.", "The user was deleted or suspended in the meantime."],
    detail: "These users are unknown or not active: grace.",
    errors: [{ pointer: "/participants/0", detail: "grace is not an active user" }],
  },
  too_many_attempts: {
    causes: [
      "There were ten wrong passwords for one username from one address, or ten wrong coupon codes from one user, within 15 minutes.",
      "There were a hundred wrong passwords for one username from many addresses within an hour.",
      "A program still uses a password that has been changed.",
      "Somebody else is guessing the password.",
    ],
    detail: "Too many failed attempts. Wait and try again.",
  },
  rate_limited: {
    causes: [
      "A client sends requests without a pause, or many of its workers started at the same time.",
      "A partner's requests come faster than its own rate and burst allow: see the header `ratelimit`.",
      "All callers together sent more requests than the stage allows.",
    ],
    detail: "There are too many requests at the moment. Send the request again later.",
  },
  quota_exceeded: {
    causes: [
      "The partner sent more requests in this calendar month than its quota allows.",
      "A program asks again and again for what has not changed.",
    ],
    detail: "This partner has used up its requests of this month. The next month (UTC) brings new ones.",
  },
  internal_error: {
    causes: [
      "Portico has a bug, or one of its dependencies is misconfigured.",
      "The request triggered a case that nobody expected. The request itself may be valid.",
    ],
    detail: "Portico has failed. The error is logged under the request id.",
  },
  unavailable: {
    causes: [
      "The database was busy or unreachable for a moment.",
      "The request needed more time than a call has, for example to delete a partner with many items.",
    ],
    detail: "A service that Portico depends on did not respond in time. Send the request again.",
  },
  read_only: {
    causes: [
      "The operator restores data, and a change that is made now would be lost.",
      "The operator moves the data to another place.",
    ],
    detail: "Portico accepts no changes at the moment. Reads work. Send the request again later.",
  },
};
