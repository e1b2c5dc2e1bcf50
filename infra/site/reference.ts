/** The reference: a page for partners, one for people and one for administrators. */
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { operationIdOf } from "../../shared/contract/openapi-names.ts";
import { administrators } from "../../shared/domain/access.ts";
import { operations } from "../../shared/operations.ts";
import { escaped, inHtml } from "../../shared/web/frame.ts";
import { pagePlaceholders } from "../../shared/web/docs/served-pages.ts";
import type { RenderedPage } from "./markdown.ts";
import { readContract, type Contract } from "./openapi.ts";
import { operationHtml, type ShownOperation } from "./operation-html.ts";

type Audience = "partner-api" | "people-api" | "administration";

interface ReferencePage {
  readonly title: string;
  readonly introduction: string;
  /** HTML of the form that gets a token. */
  readonly tokenForm: string;
  /** The tags in the order of the page; others follow in the contract's order. */
  readonly tags: readonly string[];
}

const partnerForm = `<section class="token-panel controls" aria-labelledby="token-title">
<h2 id="token-title">Your token</h2>
<form class="client-form" method="post">
<label>Client id <input name="clientId" autocomplete="off" autocapitalize="none" spellcheck="false" required></label>
<label>Client secret <input name="clientSecret" type="password" autocomplete="off" required></label>
<button class="primary" disabled>Get a token</button>
</form>
<p role="status"></p>
<p class="failure" role="alert"></p>
<button class="sign-out" hidden>Forget the token</button>
<p>The page keeps secret and token in memory only. Under the token policy <code>single</code>, this token revokes the one that your
program uses.</p>
</section>
`;

const signInForm = `<section class="token-panel controls" aria-labelledby="token-title">
<h2 id="token-title">Sign in</h2>
<form class="sign-in-form" method="post" data-client-id="${pagePlaceholders.clientId}">
<label>Username <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<label>Code, if you have a second factor <input name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"></label>
<button class="primary" disabled>Sign in</button>
</form>
<p role="status"></p>
<p class="failure" role="alert"></p>
<button class="sign-out" hidden>Sign out</button>
<p>The tokens exist in the memory of this page only. You are signed out when you leave or reload it.</p>
</section>
`;

const pages: Readonly<Record<Audience, ReferencePage>> = {
  "partner-api": {
    title: "Partner API",
    introduction:
      "Every operation that a partner’s program calls, with samples that run as they are once `PORTICO_TOKEN`, or " +
      "`PORTICO_CLIENT_ID` and `PORTICO_CLIENT_SECRET`, are set in the environment. **Try it** sends real calls.",
    tokenForm: partnerForm,
    tags: ["Subscriptions", "Companies", "Bank accounts", "OAuth", "Partners"],
  },
  "people-api": {
    title: "API for people",
    introduction:
      "What people do for themselves: sign in, manage their account, redeem coupons, write messages. The samples read the " +
      "access token of a person from `PORTICO_TOKEN`. **Try it** sends real calls.",
    tokenForm: signInForm,
    tags: ["Sign-in", "Users", "Second factor", "Credit", "Coupons", "Threads"],
  },
  administration: {
    title: "Administration API",
    introduction:
      "Operations of administrators. The console does the same in a browser. The samples read the access token of an " +
      "administrator from `PORTICO_TOKEN`. **Try it** sends real calls.",
    tokenForm: signInForm,
    tags: ["Partners", "Users", "Second factor", "Credit", "Coupons", "Subscriptions", "Personal data"],
  },
};

/** The pages on which an operation is. */
export function audiencesOf({ access, id }: AnyOperation): readonly Audience[] {
  if (access === "public") {
    return [id.startsWith("console.") ? "administration" : id.startsWith("auth.") ? "people-api" : "partner-api"];
  }
  const { partner, user } = access;
  const isForPeople = user?.roles.some((role) => !administrators.includes(role)) ?? false;
  return [
    ...(partner === undefined ? [] : (["partner-api"] as const)),
    ...(user === undefined ? [] : ([isForPeople ? "people-api" : "administration"] as const)),
  ];
}

/** The pages of the reference by their names. */
export function referencePages(): Readonly<Record<Audience, RenderedPage>> {
  const contract = readContract();
  const render = (name: Audience) => renderPage(name, contract);
  return {
    "partner-api": render("partner-api"),
    "people-api": render("people-api"),
    administration: render("administration"),
  };
}

function renderPage(name: Audience, contract: Contract): RenderedPage {
  const { title, introduction, tokenForm, tags } = pages[name];
  const shown = operations
    .filter((operation) => audiencesOf(operation).includes(name))
    .map((one) => describe(one, contract));
  const byTag = Map.groupBy(shown, ({ operation }) => operation.tag);
  const order = [...tags, ...[...byTag.keys()].filter((tag) => !tags.includes(tag))];
  const areas = order.map((tag) => [tag, byTag.get(tag) ?? []] as const);
  const content = areas.map(([tag, list]) => area(tag, list, contract)).join("");
  return {
    title,
    html: `<h1>${title}</h1>
<p class="lead">${inHtml(introduction).replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")}</p>
${tokenForm}${contents(areas)}${content}`,
    sections: [
      { heading: title, anchor: "", text: introduction },
      ...areas.flatMap(([, list]) => list.map(searchSection)),
    ],
  };
}

function describe(operation: AnyOperation, { paths }: Contract): ShownOperation {
  const described = paths[operation.path]?.[operation.method.toLowerCase()];
  if (described === undefined) throw new Error(`${operation.id} is not in the contract`);
  return { operation, described };
}

/** The operations of the page, so that a reader sees at once what exists. */
function contents(areas: readonly (readonly [string, readonly ShownOperation[]])[]): string {
  const items = areas.map(([tag, list]) => {
    const links = list.map(
      ({ described: { operationId, summary }, operation: { method } }) =>
        `<li><a href="#${operationId}"><span class="method ${method.toLowerCase()}">${method}</span> ${escaped(summary)}</a></li>\n`,
    );
    return `<div><h2>${escaped(tag)}</h2>\n<ul>\n${links.join("")}</ul></div>\n`;
  });
  return `<nav class="operations" aria-label="Operations of this page">\n${items.join("")}</nav>\n`;
}

function area(tag: string, list: readonly ShownOperation[], contract: Contract): string {
  const description = contract.tags.find(({ name }) => name === tag)?.description ?? "";
  return `<h2 class="area">${escaped(tag)}</h2>
<p class="lead">${escaped(description)}</p>
${list.map((one) => operationHtml(one, contract)).join("")}`;
}

function searchSection({ operation, described }: ShownOperation) {
  return {
    heading: described.summary,
    anchor: operationIdOf(operation),
    text: `${operation.method} ${operation.path} ${operationIdOf(operation)} ${described.description}`.replaceAll(
      "`",
      "",
    ),
  };
}
