/** The program of the docs' pages: search, samples, tokens and the forms that send requests. */
import { grantToPartner, signIn, TokenPanel, type Credentials } from "./credentials.ts";
import { all, find } from "./dom.ts";
import { enableSamples } from "./samples.ts";
import { enableSearch } from "./search.ts";
import { enableForm } from "./try-it.ts";

/**
 * The page's own address of the API (the page links to the contract, RFC 8631 §4.1). The public URL can differ, for example
 * `localhost` and `127.0.0.1`, and the content security policy allows calls to the page's own origin only.
 */
const apiUrl = find("link[rel=service-desc]", HTMLLinkElement).href.replace(/\/openapi\.json$/, "");

/** A narrow window has no room for the list of pages, nor for an operation with all its fields. */
if (matchMedia("(max-width: 60rem)").matches) {
  for (const details of all("details.menu, details.request", HTMLDetailsElement)) details.open = false;
}

enableSearch(find(".search", HTMLFormElement), `${apiUrl}/docs`);

const panel = tokenPanel();
if (panel !== undefined) {
  enableSamples();
  for (const form of all("form.try", HTMLFormElement)) enableForm(form, apiUrl, () => panel.credentials);
  showTarget();
}

function tokenPanel(): { readonly credentials: Credentials } | undefined {
  const element = document.querySelector<HTMLElement>(".token-panel");
  if (element === null) return undefined;
  const { clientId = "" } = find("form", HTMLFormElement, element).dataset;
  const isForPartners = element.querySelector(".client-form") !== null;
  return new TokenPanel(element, (fields) =>
    isForPartners ? grantToPartner(apiUrl, fields) : signIn(apiUrl, clientId, fields),
  );
}

/** The list of pages was closed after the browser had scrolled to the operation that the address names. */
function showTarget(): void {
  const id = location.hash.slice(1);
  if (id !== "") document.getElementById(id)?.scrollIntoView();
}
