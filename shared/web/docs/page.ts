/** The page of the docs: what Portico is, how to get a token, a sign-in; below it Swagger UI shows the contract. */
import type { Content } from "../../http/content.ts";
import { escaped, framed, type Site } from "../frame.ts";

/** What the page may do: run and load what comes from Portico, call Portico, and nothing else. */
const policy = {
  "script-src": "'self'",
  "connect-src": "'self'",
  "img-src": "'self' data:",
};

/** @param clientId the public client that the sign-in is one of */
export function docsPage(site: Site, clientId: string): Content {
  const { basePath, files } = site;
  const url = (name: string) => `${basePath}/docs/${files.servedAs(name)}`;
  return framed(
    {
      title: "API reference",
      path: "/docs",
      policy,
      head: `<link rel="license" href="${url("license.txt")}">
<link rel="service-desc" type="application/json" href="${basePath}/openapi.json">
<link rel="stylesheet" href="${url("swagger-ui.css")}">
<link rel="stylesheet" href="${url("docs.css")}">
<script defer src="${url("swagger-ui-bundle.js")}"></script>
<script defer src="${url("docs.js")}"></script>
`,
      main: `<div class="text">
<h1>API reference</h1>
<p>Portico is a partner platform. Partner sites sell a company’s subscriptions and keep their client companies here; people sign in,
spend credit on coupons and write to each other; administrators run it all.</p>
<p>Programs read the contract as <a href="${basePath}/openapi.json">openapi.json</a>. Each error code has
<a href="${basePath}/problems">a page</a> that says what to do. Administrators have a <a href="${basePath}/console">console</a>.</p>
<p>Every operation below can be tried. <strong>Calls are real</strong>: they go to the Portico that this page came from.</p>
<h2>Get a token</h2>
<ul>
<li><strong>Partners</strong> press <em>Authorize</em> and give client id and client secret. A program posts them to
<code>/oauth/token</code>, grant <code>client_credentials</code>. A new token ends the one before, unless the partner’s token policy is
<code>many</code>.</li>
<li><strong>People</strong>, administrators among them, sign in here. A program posts username and password to
<code>/v1/auth/login</code>.</li>
</ul>
<section class="sign-in" aria-labelledby="sign-in">
<h3 id="sign-in">Sign in</h3>
<form method="post" data-client-id="${escaped(clientId)}">
<label>Username <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button class="primary" disabled>Sign in</button>
</form>
<p role="status"></p>
<p class="failure" role="alert"></p>
<button class="sign-out" hidden>Sign out</button>
</section>
<p>Tokens stay in the memory of this page: leaving or reloading it is a sign-out.</p>
</div>
<div id="docs"><noscript><p class="text">The reference needs JavaScript. <a href="${basePath}/openapi.json">openapi.json</a> says the same.</p></noscript></div>
`,
    },
    site,
  );
}
