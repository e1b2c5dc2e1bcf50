/** The page at a problem's `type` URI: meaning, causes, remedy and an example. */
import type { Content } from "../../http/content.ts";
import { preferredType } from "../../http/negotiation.ts";
import { Problem, problemBody, problemCatalogue, problemCodes, type ProblemCode } from "../../domain/problems.ts";
import { escaped, framed, inHtml, type Site } from "../frame.ts";
import type { ProblemListView, ProblemPageView } from "../../system/contract.ts";
import { problemCases } from "./cases.ts";

const explanations: Record<ProblemCode, readonly [meaning: string, remedy: string]> = {
  body_malformed: ["The body is not valid JSON.", "Check the JSON with a linter and send it in UTF-8."],
  cursor_invalid: [
    "The cursor was changed, or it belongs to another caller, list or filter.",
    "Send `nextCursor` unchanged with the same filters, or start again without a cursor.",
  ],
  token_missing: [
    "The request has no Authorization header.",
    "Get an access token and send it as `Authorization: Bearer <token>`.",
  ],
  token_invalid: [
    "The access token is malformed, forged or issued for another API.",
    "Get a new access token from this API and send it unchanged.",
  ],
  token_expired: ["The access token has expired.", "Get a new access token."],
  token_revoked: [
    "The access token was revoked or replaced by a newer one, or its owner is suspended.",
    "Get a new access token. A partner with several servers needs the token policy `many`.",
  ],
  proof_invalid: [
    "The access token is bound to a key, and the `DPoP` header has no valid proof of it.",
    "Make a new proof for each request: its method, its URL without query, the time, and the hash of the token.",
  ],
  credentials_invalid: [
    "The username or the password is wrong. The response does not say which one.",
    "Check both and try again.",
  ],
  second_factor_required: [
    "The password is right, and the person has a second factor: the sign-in needs a code as well.",
    "Send the same request with `code`: the six digits of the authenticator app, or a recovery code.",
  ],
  password_link_invalid: [
    "The token of a one-time link for a new password is not valid. The response does not say why.",
    "Ask an administrator for a new link. Open the newest one, once, within 24 hours.",
  ],
  second_factor_invalid: [
    "The code of the second factor is wrong, has expired or was used before.",
    "Wait for the app's next code, or use a recovery code. After ten wrong codes in an hour, you have to wait.",
  ],
  password_change_required: [
    "An administrator chose the password of this account, so it counts for one sign-in only.",
    "Change the password with `POST /v1/users/me/password`. The session goes on.",
  ],
  second_factor_enrolment_required: [
    "Administrators of this stage need a second factor, and the caller has none.",
    "Enrol one with `POST /v1/users/me/second-factor` and confirm it. The session goes on.",
  ],
  forbidden: [
    "The access token is valid, but its owner may not call this operation.",
    "Use an account with the role that the documentation of the operation names.",
  ],
  insufficient_scope: [
    "The access token does not have the scope that this operation needs.",
    "Request a token with this scope.",
  ],
  not_found: ["The resource does not exist, or you have no access to it.", "Check the path, the method and the id."],
  idempotency_key_reused: [
    "The same idempotency key was used with a different path or body within 24 hours.",
    "Use a new key for every new request. Repeat a key only to retry the same request.",
  ],
  request_in_progress: [
    "The first request with this idempotency key is still running.",
    "Wait a moment and send the request again.",
  ],
  partner_email_taken: [
    "Another partner has this e-mail address.",
    "Use another address, or find the partner that has this one.",
  ],
  partner_in_use: [
    "The partner has live subscriptions or companies.",
    "Cancel the subscriptions and delete the companies, then delete the partner.",
  ],
  username_taken: ["The username belongs or belonged to another user.", "Choose another username."],
  second_factor_exists: [
    "The caller has a confirmed second factor.",
    "Remove it with `POST /v1/users/me/second-factor/remove`, then enrol the new one.",
  ],
  credit_insufficient: ["The credit would fall below zero.", "Spend less, or ask an administrator for more credit."],
  coupon_code_taken: ["Another coupon has or had this code.", "Choose another code."],
  coupon_quantity_too_low: [
    "The new quantity is lower than the number of redemptions so far.",
    "Read the coupon. The lowest possible quantity is `quantity` minus `remaining`.",
  ],
  coupon_not_found: [
    "No coupon has this code. Codes are case-sensitive.",
    "Check the code. After ten wrong codes in 15 minutes, you have to wait.",
  ],
  coupon_inactive: ["The coupon is switched off at the moment.", "Ask the issuer of the coupon."],
  coupon_expired: ["The coupon has expired.", "Choose a coupon that has not expired."],
  coupon_already_redeemed: [
    "Each user can redeem a coupon once.",
    "`GET /v1/users/me/redemptions` shows when you redeemed it.",
  ],
  coupon_exhausted: ["The whole quantity of the coupon has been redeemed.", "Choose another coupon."],
  subscription_exists: [
    "The external user already has a live subscription.",
    "Extend the subscription, or cancel it first.",
  ],
  subscription_cancelled: ["A cancelled subscription cannot become active again.", "Create a new subscription."],
  bank_account_exists: [
    "The company already has a bank account with the same bank, agency and number.",
    "Use the existing account, or send different values.",
  ],
  webhook_endpoint_disabled: [
    "The webhook endpoint is disabled, so nothing is sent to it.",
    "Enable the endpoint with `PATCH /v1/webhook-endpoints/{endpointId}`, then send the request again.",
  ],
  sandbox_exists: [
    "The partner has a sandbox, and it can have one.",
    "Read it with `GET /v1/sandbox`. If its secret is lost, get a new one with `POST /v1/sandbox/secret`.",
  ],
  sandbox_required: [
    "The test clock belongs to a sandbox, and the token belongs to a live partner.",
    "Get a token with the client id and the secret of the sandbox, then send the request with that.",
  ],
  live_partner_required: [
    "The operation is for live partners, and this one is a sandbox.",
    "Send the request with a token of the live partner, or for the live partner. A sandbox ends together with it.",
  ],
  limit_reached: ["The maximum number of these resources is reached.", "Remove a resource that you no longer need."],
  precondition_failed: [
    "The resource has changed since you read it.",
    "Read the resource again, then decide whether you still want the change.",
  ],
  body_too_large: ["The body is larger than 64 KiB.", "Split the data into several requests."],
  media_type_unsupported: [
    "The operation does not accept this content type.",
    "Send `application/json`. The `/oauth` operations take a form.",
  ],
  validation_failed: [
    "Some fields are missing, invalid or unknown.",
    "Correct the fields in `errors`, which names each field with a JSON Pointer.",
  ],
  participants_unknown: [
    "Some participants do not exist, or are deleted or suspended. Nothing was created.",
    "Remove the participants in `errors`, or correct their usernames.",
  ],
  password_too_common: ["The password is too common and therefore easy to guess.", "Choose another password."],
  period_invalid: [
    "The period would be in the past, shorter than before, or outside the calendar.",
    "Choose a later end or a longer duration.",
  ],
  bank_unknown: ["The bank directory does not list this code.", "Use a code from `GET /v1/banks`."],
  too_many_attempts: [
    "There were too many failed attempts.",
    "Wait for the number of seconds in the `retry-after` header.",
  ],
  rate_limited: [
    "There were too many requests in a short time.",
    "Wait for the number of seconds in the `retry-after` header, then send fewer requests.",
  ],
  quota_exceeded: [
    "The partner has used up its requests of this month.",
    "Wait until the month ends (UTC), as the `retry-after` header says, or ask an administrator for a higher quota.",
  ],
  internal_error: [
    "Portico has failed. The error is logged.",
    "Try again later. Quote the request id when you ask for help.",
  ],
  unavailable: [
    "A service that Portico depends on did not respond in time.",
    "Retry after the number of seconds in the `retry-after` header. With an idempotency key a retry is always safe.",
  ],
  read_only: [
    "The operator has stopped all changes, for example to restore data. Reads work.",
    "Retry after the number of seconds in the `retry-after` header, with the same idempotency key. Nothing was changed.",
  ],
};

/** The request id of every example. */
const exampleRequestId = "1b2f6d3e-8c4a-4e0f-9d57-3a6b1c2d4e5f";

/** @param publicUrl base URL of the problem pages, as in a problem's `type` */
export function problemPage(code: ProblemCode, publicUrl: string): ProblemPageView {
  const [meaning, remedy] = explanations[code];
  const { causes, detail, errors } = problemCases[code];
  const problem = new Problem(code, detail, { ...(errors && { errors }) });
  const example = problemBody(problem, publicUrl, exampleRequestId);
  return { code, ...problemCatalogue[code], meaning, causes, remedy, example };
}

/** All codes with their meanings, in the catalogue's order. */
export function problemList(): ProblemListView {
  return {
    problems: problemCodes.map((code) => ({ code, ...problemCatalogue[code], meaning: explanations[code][0] })),
  };
}

/** Whether the caller prefers HTML to JSON, as browsers do. */
export function prefersHtml(accept: string | undefined): boolean {
  return preferredType(accept, ["application/json", "application/problem+json", "text/html"]) === "text/html";
}

export function problemPageHtml(
  { code, title, status, meaning, causes, remedy, example }: ProblemPageView,
  site: Site,
): Content {
  const main = `<div class="article">
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
<h2>Example</h2>
<p>The response has the status ${status} and the content type <code>application/problem+json</code> (RFC 9457).</p>
<pre><code>${escaped(JSON.stringify(example, null, 2))}</code></pre>
<p>Quote the <code>requestId</code> when you ask for help. The <a href="${site.basePath}/docs">reference</a> shows which operations
return this code.</p>
</div>
`;
  return framed({ title: escaped(title), path: `/problems/${code}`, main }, site);
}

export function problemListHtml({ problems }: ProblemListView, site: Site): Content {
  const entry = ({ code, meaning }: ProblemListView["problems"][number]) =>
    `<div><dt><a href="${site.basePath}/problems/${code}"><code>${code}</code></a></dt><dd>${inHtml(meaning)}</dd></div>`;
  const groups = [...Map.groupBy(problems, ({ status }) => status)].sort(([one], [other]) => one - other);
  const main = `<div class="article">
<h1>Problems</h1>
<p>Every error of the <a href="${site.basePath}/docs">API</a> is a problem document (RFC 9457) with one of these codes. A code never
changes its meaning. The <code>/oauth</code> operations return the errors of RFC 6749.</p>
${groups.map(([status, group]) => `<h2>Status ${status}</h2>\n<dl>\n${group.map(entry).join("\n")}\n</dl>`).join("\n")}
</div>
`;
  return framed({ title: "Problems", path: "/problems", main }, site);
}
