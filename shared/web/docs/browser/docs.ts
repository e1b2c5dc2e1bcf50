/** Shows the contract that the page links to (RFC 8631 §4.1) with Swagger UI, which the page loads first. */
import { DocsSession } from "./docs-session.ts";
import { layoutName, layoutPlugin } from "./layout-plugin.ts";

/** The security scheme of people. */
const userScheme = "user";

const contractUrl = document.querySelector<HTMLLinkElement>("link[rel=service-desc]")?.href ?? "";
const apiUrl = contractUrl.replace(/\/openapi\.json$/, "");

/**
 * Replaces the public URL in the contract with the URL that served the page. The two can differ, for example `localhost` and
 * `127.0.0.1`, and the content security policy allows calls to the page's own origin only.
 */
function withOwnServer(contract: string): string {
  const { servers } = JSON.parse(contract) as { servers: readonly [{ url: string }] };
  return contract.replaceAll(servers[0].url, apiUrl);
}

/** Ends the page's session also when the person logs out in Swagger UI's dialog. */
const signOutPlugin = {
  statePlugins: {
    auth: {
      wrapActions: {
        logout: (logout: (schemes: readonly string[]) => unknown) => (schemes: readonly string[]) => {
          if (schemes.includes(userScheme)) session.signedOut();
          return logout(schemes);
        },
      },
    },
  },
};

/** Swagger UI decodes the part of the address behind `#` and fails if it is malformed. */
function dropMalformedHash(): void {
  try {
    decodeURIComponent(location.hash);
  } catch {
    history.replaceState(null, "", location.pathname + location.search);
  }
}

dropMalformedHash();
addEventListener("hashchange", dropMalformedHash);

const ui = SwaggerUIBundle({
  url: contractUrl,
  domNode: document.querySelector("#docs"),
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  displayRequestDuration: true,
  syntaxHighlight: { theme: "tomorrow-night" },
  defaultModelsExpandDepth: 0,
  responseInterceptor: (response) =>
    response.ok && response.url === contractUrl ? { ...response, text: withOwnServer(response.text) } : response,
  plugins: [layoutPlugin, signOutPlugin],
  layout: layoutName,
  onComplete: () => session.enable(),
});

const session = new DocsSession(apiUrl, {
  use: (token) => ui.preauthorizeApiKey(userScheme, token),
  drop: () => ui.authActions.logout([userScheme]),
});

const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const followColorScheme = () => document.documentElement.classList.toggle("dark-mode", darkScheme.matches);
darkScheme.addEventListener("change", followColorScheme);
followColorScheme();
