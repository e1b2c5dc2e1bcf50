/** Types of Swagger UI, which the page loads as a script of its own. Its package has none. */

export interface LoadedResponse {
  readonly url: string;
  readonly ok: boolean;
  readonly text: string;
}

export interface SwaggerUi {
  /** @param scheme a security scheme of the contract that takes a bearer token */
  preauthorizeApiKey(scheme: string, token: string): void;
  readonly authActions: { logout(schemes: readonly string[]): void };
}

/** A React component, or the name of an HTML element. */
export type Component = ((properties: never) => unknown) | string;

export interface React {
  createElement(component: Component, properties?: object | null, ...children: readonly unknown[]): unknown;
  useEffect(effect: () => void, dependencies: readonly unknown[]): void;
}

/** Properties that Swagger UI passes to a component of a plugin. */
export interface PluginProperties {
  readonly getComponent: (name: string, connected: boolean) => Component;
  readonly specSelectors: { loadingStatus(): "loading" | "failed" | "success" | undefined };
}

export type Plugin = object | ((system: { readonly React: React }) => object);

export interface SwaggerUiOptions {
  readonly url: string;
  readonly domNode: Element | null;
  readonly deepLinking: boolean;
  /** Null: the default shows a badge that sends the contract to another host. */
  readonly validatorUrl: null;
  /** Whether the browser's storage keeps tokens. */
  readonly persistAuthorization: boolean;
  readonly displayRequestDuration: boolean;
  /** The default theme writes red on grey, which is hard to read. */
  readonly syntaxHighlight: { readonly theme: string };
  /** Levels of the schemas below the operations that are expanded. */
  readonly defaultModelsExpandDepth: number;
  /** Receives every response, the contract included. */
  readonly responseInterceptor: (response: LoadedResponse) => LoadedResponse;
  readonly plugins: readonly Plugin[];
  /** The name of the component that is shown. */
  readonly layout: string;
  readonly onComplete: () => void;
}

declare global {
  /** The name that Swagger UI's script defines. */
  const SwaggerUIBundle: (options: SwaggerUiOptions) => SwaggerUi;
}
