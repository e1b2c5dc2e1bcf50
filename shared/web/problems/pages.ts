/** The page behind a problem's `type`: what it means, why it happens, what to do about it, and what it looks like. */
import type { Content } from "../../http/content.ts";
import { preferredType } from "../../http/negotiation.ts";
import { Problem, problemBody, problemCatalogue, problemCodes, type ProblemCode } from "../../domain/problems.ts";
import { escaped, framed, inHtml, type Site } from "../frame.ts";
import type { ProblemListView, ProblemPageView } from "../../system/contract.ts";
import { problemCases } from "./cases.ts";

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

/** Of the example: nobody has sent it. */
const exampleRequestId = "1b2f6d3e-8c4a-4e0f-9d57-3a6b1c2d4e5f";

/** @param publicUrl base of the problem pages, as it stands in a problem's `type` */
export function problemPage(code: ProblemCode, publicUrl: string): ProblemPageView {
  const [meaning, remedy] = explanations[code];
  const { causes, detail, errors } = problemCases[code];
  const problem = new Problem(code, detail, { ...(errors && { errors }) });
  const example = problemBody(problem, publicUrl, exampleRequestId);
  return { code, ...problemCatalogue[code], meaning, causes, remedy, example };
}

/** Every code with its meaning, in the catalogue's order. */
export function problemList(): ProblemListView {
  return {
    problems: problemCodes.map((code) => ({ code, ...problemCatalogue[code], meaning: explanations[code][0] })),
  };
}

/** Whether a caller likes a page better than JSON, as browsers do. */
export function prefersHtml(accept: string | undefined): boolean {
  return preferredType(accept, ["application/json", "application/problem+json", "text/html"]) === "text/html";
}

export function problemPageHtml(
  { code, title, status, meaning, causes, remedy, example }: ProblemPageView,
  site: Site,
): Content {
  const main = `<div class="text">
<p><a href="${site.basePath}/problems">All problems</a></p>
<h1>${escaped(title)}</h1>
<p class="lead"><code>${code}</code>, status ${status}</p>
<h2>What it means</h2>
<p>${inHtml(meaning)}</p>
<h2>Why it happens</h2>
<ul>
${causes.map((cause) => `<li>${inHtml(cause)}</li>`).join("\n")}
</ul>
<h2>What to do</h2>
<p>${inHtml(remedy)}</p>
<h2>What it looks like</h2>
<p>The answer has the status ${status} and the content type <code>application/problem+json</code> (RFC 9457).</p>
<pre><code>${escaped(JSON.stringify(example, null, 2))}</code></pre>
<p><code>requestId</code> is the one to name when you ask for help. The <a href="${site.basePath}/docs">reference</a> says which operations
give this code.</p>
</div>
`;
  return framed({ title: escaped(title), path: `/problems/${code}`, main }, site);
}

export function problemListHtml({ problems }: ProblemListView, site: Site): Content {
  const entry = ({ code, meaning }: ProblemListView["problems"][number]) =>
    `<div><dt><a href="${site.basePath}/problems/${code}"><code>${code}</code></a></dt><dd>${inHtml(meaning)}</dd></div>`;
  const groups = [...Map.groupBy(problems, ({ status }) => status)].sort(([one], [other]) => one - other);
  const main = `<div class="text">
<h1>Problems</h1>
<p>Every error of the <a href="${site.basePath}/docs">API</a> is a problem (RFC 9457) with one of these codes, which never change their
meaning. <code>/oauth</code> answers with the errors of RFC 6749.</p>
${groups.map(([status, group]) => `<h2>Status ${status}</h2>\n<dl>\n${group.map(entry).join("\n")}\n</dl>`).join("\n")}
</div>
`;
  return framed({ title: "Problems", path: "/problems", main }, site);
}
