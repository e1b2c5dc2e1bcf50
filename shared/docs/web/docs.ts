/** Shows the contract that the page names (RFC 8631 §4.1) with Swagger UI, which the page has loaded before. */

interface SwaggerUiOptions {
  readonly url: string;
  readonly domNode: Element | null;
  readonly deepLinking: boolean;
  /** Where a badge would send the contract to be validated. */
  readonly validatorUrl: string | null;
}

declare const SwaggerUIBundle: (options: SwaggerUiOptions) => unknown;

SwaggerUIBundle({
  url: document.querySelector<HTMLLinkElement>("link[rel=service-desc]")?.href ?? "",
  domNode: document.querySelector("#docs"),
  deepLinking: true,
  validatorUrl: null,
});
