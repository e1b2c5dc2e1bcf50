/** What each problem means and what to do about it: the page behind a problem's `type`. */
import { problemCatalogue, type ProblemCode } from "../api/problems.ts";
import type { ProblemPage } from "./contract.ts";

const explanations: Record<ProblemCode, readonly [meaning: string, remedy: string]> = {
  body_malformed: ["The body could not be read as JSON.", "Check the JSON with a linter; send it in UTF-8."],
  cursor_invalid: [
    "The cursor was changed, or belongs to another caller, list or filter.",
    "Send `nextCursor` unchanged with the same filters, or begin without a cursor.",
  ],
  token_missing: [
    "The request has no Authorization header.",
    "Get an access token and send it as `Authorization: Bearer <token>`.",
  ],
  token_invalid: [
    "The access token is malformed, forged, or meant for another API.",
    "Get a new access token from this API and send it unchanged.",
  ],
  token_expired: ["The access token's time is over.", "Get a new access token."],
  token_revoked: [
    "The access token was revoked, replaced by a newer one, or its owner is suspended.",
    "Get a new access token. Several servers of one partner need the token policy `many`.",
  ],
  credentials_invalid: [
    "The username or the password is wrong; which of them is not told.",
    "Check both and try again.",
  ],
  forbidden: [
    "You are known, but this operation is not for you.",
    "Use an account with the role that the documentation names.",
  ],
  insufficient_scope: [
    "The access token lacks the scope that this operation needs.",
    "Ask for a token with that scope.",
  ],
  not_found: [
    "There is nothing under this address, or nothing that you may see.",
    "Check the path, the method and the id.",
  ],
  idempotency_key_reused: [
    "The same idempotency key came with another path or body within 24 hours.",
    "Use a new key for every new request, and the same key only to repeat one.",
  ],
  request_in_progress: [
    "The first request with this idempotency key has no answer yet.",
    "Wait a moment and repeat the request.",
  ],
  partner_email_taken: [
    "Another partner has this e-mail address.",
    "Use another address, or find the partner that has it.",
  ],
  partner_in_use: [
    "The partner has live subscriptions or companies.",
    "Cancel the subscriptions and delete the companies, then delete the partner.",
  ],
  username_taken: ["The username belongs to another user, or did once.", "Choose another username."],
  credit_insufficient: ["The credit would fall below zero.", "Take or spend less, or have credit granted first."],
  coupon_code_taken: ["Another coupon has this code, or had it once.", "Choose another code."],
  coupon_quantity_too_low: [
    "The new quantity is less than the number of redemptions so far.",
    "Read the coupon: `quantity` less `remaining` is the least that it can be.",
  ],
  coupon_not_found: [
    "No coupon has this code. Codes are compared exactly, upper and lower case included.",
    "Check the code as it was given to you. Ten wrong codes in 15 minutes are the most.",
  ],
  coupon_inactive: ["The coupon is switched off for now.", "Ask whoever gave it to you."],
  coupon_expired: ["The coupon's time is over.", "Choose a coupon that has not expired."],
  coupon_already_redeemed: ["Everybody redeems a coupon once.", "`GET /v1/users/me/redemptions` shows when you did."],
  coupon_exhausted: ["The coupon was redeemed as often as it can be.", "Choose another coupon."],
  subscription_exists: ["The external user has a live subscription.", "Extend it, or cancel it first."],
  subscription_cancelled: ["A cancelled subscription stays cancelled.", "Create a new subscription."],
  bank_account_exists: [
    "The company has a bank account with the same agency, number and bank.",
    "Use the one that is there, or send another one.",
  ],
  limit_reached: ["There are as many of them as there may be.", "Remove what is not needed any more, then try again."],
  precondition_failed: ["The resource has changed since you read it.", "Read it again and decide anew."],
  body_too_large: ["The body is larger than 64 KiB.", "Send less in one request."],
  media_type_unsupported: [
    "The content type is not one that this operation reads.",
    "Send `application/json`, to `/oauth` a form.",
  ],
  validation_failed: ["Some fields are missing, wrong or unknown.", "`errors` names each field by its JSON Pointer."],
  participants_unknown: [
    "Some of the named participants are nobody who could take part: no such user, a deleted or a suspended one. Nothing was created.",
    "Leave out those that `errors` names, or correct their usernames.",
  ],
  password_too_common: ["The password is among the commonest, which are guessed first.", "Choose another password."],
  period_invalid: [
    "The period would lie in the past, be shortened, or leave the calendar.",
    "Choose a later end or a longer duration.",
  ],
  bank_unknown: ["The directory of banks does not have this code.", "Take a code from `GET /v1/banks`."],
  too_many_attempts: ["There were too many failed attempts.", "Wait for the seconds that `retry-after` names."],
  rate_limited: ["Too many requests came at once.", "Wait for the seconds that `retry-after` names, then send fewer."],
  internal_error: [
    "Portico made a mistake. It has been reported.",
    "Try again later; name the request id when you ask for help.",
  ],
  unavailable: [
    "A service that Portico depends on did not answer in time.",
    "Repeat the request after `retry-after` seconds; with an idempotency key that is always safe.",
  ],
};

export function problemPage(code: ProblemCode): ProblemPage {
  const [meaning, remedy] = explanations[code];
  return { code, ...problemCatalogue[code], meaning, remedy };
}

/** Whether a client prefers HTML to JSON (RFC 9110 §12.5.1): it names `text/html`, as browsers do, before any JSON. */
export function prefersHtml(accept = ""): boolean {
  const quality = (type: string) => {
    const range = accept
      .split(",")
      .map((part) => part.trim())
      .find((part) => part.split(";")[0]?.trim() === type);
    return range === undefined ? 0 : Number(/;\s*q=([\d.]+)/.exec(range)?.[1] ?? 1);
  };
  return quality("text/html") > Math.max(quality("application/json"), quality("application/problem+json"));
}

/** The page for a browser. Everything in it is from the closed catalogue. */
export function problemPageHtml({ code, title, status, meaning, remedy }: ProblemPage): string {
  const inCode = (text: string) =>
    text
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll(/`([^`]+)`/g, "<code>$1</code>");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} · Portico</title>
<h1>${title}</h1>
<p><code>${code}</code>, status ${status}</p>
<h2>What it means</h2>
<p>${inCode(meaning)}</p>
<h2>What to do</h2>
<p>${inCode(remedy)}</p>
</html>
`;
}
