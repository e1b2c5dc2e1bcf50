/** Sends an operation's request from its form and shows the answer. */
import type { Credentials } from "./credentials.ts";
import { find } from "./dom.ts";

/** Headers that tell something about the operation. */
const shownHeaders = ["location", "etag", "retry-after", "idempotency-replayed", "x-request-id"];

/** @param apiUrl base URL of the API, without a trailing slash */
export function enableForm(form: HTMLFormElement, apiUrl: string, credentials: () => Credentials): void {
  const button = find("button", HTMLButtonElement, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    void send(form, apiUrl, credentials()).finally(() => (button.disabled = false));
  });
  button.disabled = false;
}

async function send(form: HTMLFormElement, apiUrl: string, credentials: Credentials): Promise<void> {
  const status = find("[role=status]", HTMLElement, form);
  const shown = find(".answer", HTMLElement, form);
  status.textContent = "Sending …";
  shown.hidden = true;
  const request = requestOf(form, apiUrl, credentials);
  if (typeof request === "string") {
    status.textContent = request;
    return;
  }
  const started = performance.now();
  try {
    const response = await fetch(request);
    const text = await response.text();
    status.textContent = `${response.status} in ${Math.round(performance.now() - started)} ms`;
    shown.textContent = [headersOf(response), readable(text)].filter((part) => part !== "").join("\n\n");
    shown.hidden = false;
  } catch {
    status.textContent = "Portico did not respond. Check the connection and try again.";
  }
}

/** @returns the request, or why it cannot be sent */
function requestOf(form: HTMLFormElement, apiUrl: string, credentials: Credentials): Request | string {
  const { method = "GET", path = "", body: bodyType, credentials: needed } = form.dataset;
  const authorization = needed === "token" ? credentials.token : needed === "client" ? credentials.client : undefined;
  if (needed === "token" && authorization === undefined) return "Get a token first, at the top of the page.";
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)] as const);
  const inPlace = (place: string) =>
    fields.flatMap(([name, value]) =>
      name.startsWith(`${place}:`) && value !== "" ? [[name.slice(place.length + 1), value] as [string, string]] : [],
    );
  const filled = inPlace("path").reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)),
    path,
  );
  const query = new URLSearchParams(inPlace("query")).toString();
  const headers = new Headers(inPlace("header"));
  if (authorization !== undefined) headers.set("authorization", authorization);
  const body = bodyOf(fields.find(([name]) => name === "body")?.[1], bodyType);
  if (body === undefined) return "The body is not valid JSON.";
  if (typeof body === "string") headers.set("content-type", "application/json");
  return new Request(`${apiUrl}${filled}${query === "" ? "" : `?${query}`}`, {
    method,
    headers,
    ...(body !== null && { body }),
    credentials: "omit",
  });
}

/** @returns null without a body; undefined for a form whose fields are not valid JSON */
function bodyOf(text: string | undefined, type: string | undefined): string | URLSearchParams | null | undefined {
  if (text === undefined || text.trim() === "") return null;
  // A body that is not JSON shows how Portico refuses it.
  if (type !== "form") return text;
  try {
    return new URLSearchParams(JSON.parse(text) as Record<string, string>);
  } catch {
    return undefined;
  }
}

function headersOf({ headers }: Response): string {
  return shownHeaders
    .filter((name) => headers.has(name))
    .map((name) => `${name}: ${headers.get(name) ?? ""}`)
    .join("\n");
}

function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
