/** The console: who is signed in, which view is shown, and the way between them. */
import { Api } from "./api.ts";
import { couponsView } from "./coupons.ts";
import { closeDialogs } from "./dialogs.ts";
import { element, type Child } from "./dom.ts";
import { clearMessages, complain, complainOf, messages, say } from "./messages.ts";
import { partnersView, partnerView } from "./partners.ts";
import { Session } from "./session.ts";
import { signInView } from "./sign-in.ts";
import { usersView, userView } from "./users.ts";
import type { Console, View } from "./view.ts";

const sections = [
  ["#/partners", "Partners"],
  ["#/users", "Users"],
  ["#/coupons", "Coupons"],
] as const;

const routes: readonly (readonly [RegExp, (console: Console, id: string) => View])[] = [
  [/^#\/partners$/, partnersView],
  [/^#\/partners\/([^/]+)$/, partnerView],
  [/^#\/users$/, usersView],
  [/^#\/users\/([^/]+)$/, userView],
  [/^#\/coupons$/, couponsView],
];

const app = document.getElementById("app") ?? document.body;
const main = element("main", { id: "main", tabindex: -1 });
const links = sections.map(([href, label]) => element("a", { href }, label));

/** Everything that belongs to the person who is signed in. */
let api: Api | undefined;
/** Says something in the next view. */
let greet: (() => void) | undefined;
let shown = new AbortController();

/** Leaves the view: what it still waits for is given up. */
function leave(): void {
  shown.abort();
  shown = new AbortController();
  closeDialogs();
  clearMessages();
}

function showSignIn(message?: string): void {
  leave();
  api = undefined;
  const { element: content, focus } = signInView(async (credentials) => {
    const session = await Session.signIn(credentials, () => showSignIn("Your session has ended. Sign in again."));
    api = new Api(session);
    showConsole(session.user.name);
  });
  main.replaceChildren(content);
  app.replaceChildren(element("header", {}, brand()), messages, main);
  document.title = "Sign in · Portico console";
  if (message !== undefined) complain(message);
  focus();
}

function showConsole(name: string): void {
  const signOut = async (): Promise<void> => {
    await api?.session.signOut();
    showSignIn();
    say("You are signed out.");
  };
  app.replaceChildren(
    element("button", { type: "button", class: "skip", onclick: () => main.focus() }, "Skip to the content"),
    element(
      "header",
      {},
      brand(),
      element("nav", { "aria-label": "Sections" }, ...links),
      element(
        "div",
        { class: "account" },
        element("span", { class: "who" }, name),
        element("button", { type: "button", onclick: () => void signOut() }, "Sign out"),
      ),
    ),
    messages,
    main,
  );
  if (routes.some(([pattern]) => pattern.test(location.hash))) showView();
  else location.hash = sections[0][0];
}

/** Shows the view that the address names. */
function showView(): void {
  if (api === undefined) return;
  leave();
  const { hash } = location;
  const match = routes.map(([pattern, view]) => [pattern.exec(hash), view] as const).find(([found]) => found !== null);
  for (const link of links) {
    if (hash.startsWith(link.hash)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (match === undefined) {
    main.replaceChildren(
      element("h1", { tabindex: -1 }, "Not found"),
      element("p", {}, "There is nothing at this address."),
    );
    return;
  }
  const [found, view] = match;
  const { signal } = shown;
  void display(view({ api, signal, go }, decodeURIComponent(found?.[1] ?? "")), signal);
}

async function display({ heading, content, load }: View, signal: AbortSignal): Promise<void> {
  main.replaceChildren(...content.filter((child: Child) => child !== undefined));
  heading.focus();
  greet?.();
  greet = undefined;
  try {
    await load();
  } catch (error) {
    if (!signal.aborted) complainOf(error);
  }
  if (!signal.aborted) document.title = `${heading.textContent} · Portico console`;
}

function go(hash: string, greeting: () => void): void {
  greet = greeting;
  location.hash = hash;
}

function brand(): HTMLElement {
  return element("span", { class: "brand" }, "Portico");
}

addEventListener("hashchange", showView);
// A page that the browser had put aside comes back without its tokens.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
showSignIn();
