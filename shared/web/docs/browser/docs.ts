/** Shows the contract that the page names (RFC 8631 §4.1) with Swagger UI, which the page has loaded before. */
import { SignIn } from "./sign-in.ts";

interface LoadedResponse {
  readonly url: string;
  readonly ok: boolean;
  readonly text: string;
}

interface SwaggerUi {
  /** @param scheme a security scheme of the contract that takes a bearer token */
  preauthorizeApiKey(scheme: string, token: string): void;
  readonly authActions: { logout(schemes: readonly string[]): void };
}

/** A React component, and what makes an element of it. */
type Component = ((properties: never) => unknown) | string;

interface React {
  createElement(component: Component, properties?: object | null, ...children: readonly unknown[]): unknown;
}

/** What Swagger UI gives to a component of a plugin. */
interface PluginProperties {
  readonly getComponent: (name: string, connected: boolean) => Component;
  readonly specSelectors: { loadingStatus(): "loading" | "failed" | "success" | undefined };
}

interface SwaggerUiOptions {
  readonly url: string;
  readonly domNode: Element | null;
  readonly deepLinking: boolean;
  /** Where a badge would send the contract to be validated. */
  readonly validatorUrl: null;
  /** Whether tokens are put into the browser's storage. */
  readonly persistAuthorization: boolean;
  readonly displayRequestDuration: boolean;
  /** The usual theme has red on grey, which is hard to read. */
  readonly syntaxHighlight: { readonly theme: string };
  /** How far the schemas below the operations are open. */
  readonly defaultModelsExpandDepth: number;
  /** Sees whatever was loaded, the contract included. */
  readonly responseInterceptor: (response: LoadedResponse) => LoadedResponse;
  readonly plugins: readonly (object | ((system: { readonly React: React }) => object))[];
  /** The name of the component that is shown. */
  readonly layout: string;
  readonly onComplete: () => void;
}

declare const SwaggerUIBundle: (options: SwaggerUiOptions) => SwaggerUi;

/** The security scheme of people. */
const people = "user";

const contractUrl = document.querySelector<HTMLLinkElement>("link[rel=service-desc]")?.href ?? "";
const portico = contractUrl.replace(/\/openapi\.json$/, "");

/**
 * The contract names the address that Portico is published under. The page may have come from another one of it, and may call
 * nothing but that.
 */
function fromHere(contract: string): string {
  const { servers } = JSON.parse(contract) as { servers: readonly [{ url: string }] };
  return contract.replaceAll(servers[0].url, portico);
}

/**
 * The parts of Swagger UI that are shown. Its own layout would add a second heading, a choice among one server and a second
 * landmark of the kind `main`.
 */
const layout = ({ React }: { readonly React: React }) => ({
  components: {
    Portico: ({ getComponent, specSelectors }: PluginProperties) => {
      const status = specSelectors.loadingStatus();
      if (status !== "success") {
        const text =
          status === "failed"
            ? "The contract could not be loaded. Reload the page to try again."
            : "The contract is being loaded.";
        return React.createElement("p", { className: "text", role: "status" }, text);
      }
      const part = (name: string) => React.createElement(getComponent(name, true));
      return React.createElement(
        "div",
        { className: "swagger-ui" },
        part("SvgAssets"),
        React.createElement(
          "div",
          { className: "bar" },
          React.createElement("h2", null, "Operations"),
          part("AuthorizeBtnContainer"),
        ),
        part("errors"),
        part("operations"),
        part("Models"),
      );
    },
    // A link inside of the button that opens an operation is out of reach for a screen reader; opening puts the address
    // of the operation into the location as well.
    DeepLink: ({ text }: { readonly text: string }) => text,
  },
  wrapComponents: {
    // What follows gives controls their names (WCAG 2.2 §2.5.3, §4.1.2). The choice among examples has one beside it at best.
    ExamplesSelect: (original: Component) => (properties: { readonly showLabels?: boolean }) =>
      React.createElement(
        "label",
        null,
        properties.showLabels === false && unseen(React, "Example"),
        React.createElement(original, properties),
      ),
    CloseIcon: (original: Component) => () =>
      React.createElement("span", null, unseen(React, "Close"), React.createElement(original)),
    // Its label says something else than what is to be seen on it.
    Button:
      (original: Component) =>
      ({ "aria-label": _label, ...properties }: Readonly<Record<string, unknown>>) =>
        React.createElement(original, properties),
  },
});

function unseen(react: React, text: string): unknown {
  return react.createElement("span", { className: "unseen" }, text);
}

/** Signing people out is one thing, be it by the sign-in above or in the dialog of Swagger UI. */
const signOutEverywhere = {
  statePlugins: {
    auth: {
      wrapActions: {
        logout: (logout: (schemes: readonly string[]) => unknown) => (schemes: readonly string[]) => {
          if (schemes.includes(people)) signIn.signedOut();
          return logout(schemes);
        },
      },
    },
  },
};

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
    response.ok && response.url === contractUrl ? { ...response, text: fromHere(response.text) } : response,
  plugins: [layout, signOutEverywhere],
  layout: "Portico",
  onComplete: () => signIn.enable(),
});

const signIn = new SignIn(portico, {
  use: (token) => ui.preauthorizeApiKey(people, token),
  drop: () => ui.authActions.logout([people]),
});

const dark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();
