/** The docs page: an introduction, how to get a token and a sign-in. Below it, Swagger UI shows the contract. */
import type { Content } from "../../http/content.ts";
import { escaped, framed, type Site } from "../frame.ts";

/** The page loads, runs and calls nothing but Portico. */
const policy = {
  "script-src": "'self'",
  "connect-src": "'self'",
  "img-src": "'self' data:",
};

/** @param clientId the public client that the sign-in uses */
export function docsPage(site: Site, clientId: string): Content {
  const { basePath, files } = site;
  const url = (name: string) => `${basePath}/docs/${files.servedAs(name)}`;
  const head = `<link rel="license" href="${url("license.txt")}">
<link rel="service-desc" type="application/json" href="${basePath}/openapi.json">
<link rel="stylesheet" href="${url("swagger-ui.css")}">
<link rel="stylesheet" href="${url("docs.css")}">
<script defer src="${url("swagger-ui-bundle.js")}"></script>
<script defer src="${url("docs.js")}"></script>
`;
  const main = `${introduction(basePath, clientId)}<div id="docs"><noscript>
<p class="article">The reference needs JavaScript. <a href="${basePath}/openapi.json">openapi.json</a> has the same content.</p>
</noscript></div>
`;
  return framed({ title: "API reference", path: "/docs", policy, head, main }, site);
}

function introduction(basePath: string, clientId: string): string {
  return `<div class="article">
<h1>API reference</h1>
<p>Portico is a partner platform. Partner sites sell a company’s subscriptions and manage their client companies. People sign in,
spend credit on coupons and write to each other. Administrators manage partners, users and coupons.</p>
<p>The contract is available as <a href="${basePath}/openapi.json">openapi.json</a>. Each error code has
<a href="${basePath}/problems">a page</a> with causes and remedies. Administrators use the
<a href="${basePath}/console">console</a>.</p>
<p>You can try every operation below. <strong>Calls are real</strong>: they go to the Portico that serves this page.</p>
<h2>Get a token</h2>
<ul>
<li><strong>Partners</strong> select <em>Authorize</em> and enter their client id and client secret. A program posts them to
<code>/oauth/token</code> with the grant type <code>client_credentials</code>. A new token replaces the previous one unless the
partner’s token policy is <code>many</code>.</li>
<li><strong>People</strong>, including administrators, sign in here. A program posts the username and the password to
<code>/v1/auth/login</code>.</li>
</ul>
<section class="sign-in controls" aria-labelledby="sign-in">
<h3 id="sign-in">Sign in</h3>
<form method="post" data-client-id="${escaped(clientId)}">
<label>Username <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<label>Code, if you have a second factor <input name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"></label>
<button class="primary" disabled>Sign in</button>
</form>
<p role="status"></p>
<p class="failure" role="alert"></p>
<button class="sign-out" hidden>Sign out</button>
</section>
<p>The tokens exist in the memory of this page only. You are signed out when you leave or reload it.</p>
</div>
`;
}
