/** The console's program: shows the sign-in, or the view that the address names. */
import { accountHash, accountView } from "./account-page.ts";
import { currentPath } from "./address.ts";
import { Api, type RequiredCode } from "./api.ts";
import { companyView } from "./company-page.ts";
import { couponsView } from "./coupon-list.ts";
import { couponView } from "./coupon-page.ts";
import { closeDialogs } from "./dialogs.ts";
import { element, given } from "./dom.ts";
import { clearMessages, complain, complainOf, messages, say } from "./messages.ts";
import { partnersView } from "./partner-list.ts";
import { partnerView } from "./partner-page.ts";
import { passwordView, takeLinkToken } from "./password-view.ts";
import { requiredView } from "./required-view.ts";
import { salesHash, salesView } from "./sales-page.ts";
import { Session } from "./session.ts";
import { sessionsHash, sessionsView } from "./session-list.ts";
import { signInView } from "./sign-in-view.ts";
import { subscriptionView } from "./subscription-page.ts";
import { usersView } from "./user-list.ts";
import { userView } from "./user-page.ts";
import { backLink, headingOf, type Console, type View } from "./view.ts";

const sections = [
  ["#/partners", "Partners"],
  ["#/users", "Users"],
  ["#/coupons", "Coupons"],
  [salesHash, "Sales"],
] as const;

const routes: readonly (readonly [RegExp, (console: Console, ...ids: string[]) => View])[] = [
  [/^#\/partners$/, partnersView],
  [/^#\/partners\/([\w-]+)$/, (console, id = "") => partnerView(console, id)],
  [
    /^#\/partners\/([\w-]+)(\/(?:companies|usage|webhooks|audit))$/,
    (console, id = "", tab = "") => partnerView(console, id, tab),
  ],
  [
    /^#\/partners\/([\w-]+)\/companies\/([\w-]+)$/,
    (console, id = "", company = "") => companyView(console, id, company),
  ],
  [
    /^#\/partners\/([\w-]+)\/subscriptions\/([\w.~:@%-]+)$/,
    (console, id = "", user = "") => subscriptionView(console, id, user),
  ],
  [/^#\/users$/, usersView],
  [/^#\/users\/([\w-]+)$/, (console, id = "") => userView(console, id)],
  [/^#\/users\/([\w-]+)(\/audit)$/, (console, id = "", tab = "") => userView(console, id, tab)],
  [/^#\/coupons$/, couponsView],
  [/^#\/coupons\/([\w-]+)$/, (console, id = "") => couponView(console, id)],
  [/^#\/sales$/, salesView],
  [/^#\/sessions$/, sessionsView],
  [/^#\/account$/, accountView],
];

const app = document.getElementById("app") ?? document.body;
const main = element("main", { id: "main", tabindex: -1 });
const links = sections.map(([href, label]) => element("a", { href }, label));

/** The API for the signed-in person; undefined while nobody is signed in. */
let api: Api | undefined;
/** Whether the session from before a reload is being continued. */
let isResuming = false;
/** Reports something when the next view is shown. */
let greet: (() => void) | undefined;
/** Aborts the loads of the current view. */
let currentView = new AbortController();

function leaveView(): void {
  currentView.abort();
  currentView = new AbortController();
  closeDialogs();
  clearMessages();
}

function showSignIn(message?: string, username?: string): void {
  leaveView();
  api = undefined;
  const { element: content, focus } = signInView(async (credentials) => {
    begin(await Session.signIn(credentials, showEnd));
  }, username);
  main.replaceChildren(content);
  app.replaceChildren(element("header", {}, brand()), messages, main);
  document.title = "Sign in · Portico console";
  if (message !== undefined) complain(message);
  focus();
}

function showEnd(): void {
  showSignIn("Your session has ended. Sign in again.");
}

function begin(session: Session): void {
  api = new Api(session, showRequired);
  showConsole();
}

/** Continues the session from before a reload, or shows the sign-in. */
async function resume(): Promise<void> {
  isResuming = true;
  main.replaceChildren(element("p", { class: "empty" }, "Loading…"));
  app.replaceChildren(element("header", {}, brand()), messages, main);
  let hasEnded = false;
  const onEnd = (): void => {
    hasEnded = true;
    if (!isResuming) showEnd();
  };
  try {
    const session = await Session.resume(onEnd);
    if (!isResuming) await session?.signOut();
    else if (session !== undefined) begin(session);
    else if (hasEnded) showEnd();
    else showSignIn();
  } catch (error) {
    showSignIn();
    complainOf(error);
  } finally {
    isResuming = false;
  }
}

/** Shows the page of a one-time link, whoever is signed in. */
function showPasswordLink(token: string): void {
  leaveView();
  isResuming = false;
  void (api?.session.signOut() ?? Session.endKept());
  api = undefined;
  const view = passwordView(token, (username) => {
    showSignIn(undefined, username);
    say(`Your password is set. Your username is ${username}.`);
  });
  main.replaceChildren(view);
  app.replaceChildren(element("header", {}, brand()), messages, main);
  document.title = "Set your password · Portico console";
  view.querySelector("input")?.focus();
}

/** Shows what the address asks for: the page of a one-time link, or a view of the console. */
function follow(): void {
  const token = takeLinkToken();
  if (token === undefined) showView();
  else showPasswordLink(token);
}

/** Shows what the person has to do before anything else, and then the view that the address names. */
function showRequired(code: RequiredCode): void {
  if (api === undefined) return;
  leaveView();
  const isPassword = code === "password_change_required";
  const view = requiredView(code, api, () => {
    greet = () => say(isPassword ? "Your password is changed." : "Your second factor is enrolled.");
    showConsole();
  });
  main.replaceChildren(view);
  app.replaceChildren(element("header", {}, brand(), signOutButton()), messages, main);
  document.title = "Portico console";
  view.querySelector<HTMLElement>("input, h1")?.focus();
}

function signOutButton(): HTMLElement {
  return element("button", { type: "button", onclick: () => void signOut() }, "Sign out");
}

function showConsole(): void {
  const name = api?.session.user.name ?? "";
  const account = element(
    "div",
    { class: "account" },
    element("a", { class: "who", href: accountHash, title: `Your account: ${name}` }, name),
    element("a", { href: sessionsHash }, "Your sessions"),
    signOutButton(),
  );
  app.replaceChildren(
    element("button", { type: "button", class: "skip", onclick: () => main.focus() }, "Skip to the content"),
    element("header", {}, brand(), element("nav", { "aria-label": "Sections" }, ...links), account),
    messages,
    main,
  );
  if (currentPath() === "" || currentPath() === "#") location.hash = sections[0][0];
  else showView();
}

async function signOut(): Promise<void> {
  await api?.session.signOut();
  showSignIn();
  say("You are signed out.");
}

/** Shows the view that the address names. */
function showView(): void {
  if (api === undefined) return;
  leaveView();
  const path = currentPath();
  for (const link of links) {
    if (path === link.hash || path.startsWith(`${link.hash}/`)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const { signal } = currentView;
  void display(viewOf(path, { api, signal, go }), signal);
}

function viewOf(path: string, console: Console): View {
  for (const [pattern, view] of routes) {
    const match = pattern.exec(path);
    if (match !== null) return view(console, ...match.slice(1).map(decoded));
  }
  const heading = headingOf("Not found");
  const text = element("p", {}, "The console has no page at this address.");
  return { heading, content: [backLink(...sections[0]), heading, text], load: () => Promise.resolve() };
}

/** A part of the address. What is not encoded as the API encodes it names nothing, so it stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function display({ heading, content, load }: View, signal: AbortSignal): Promise<void> {
  main.replaceChildren(...given(content));
  heading.focus();
  greet?.();
  greet = undefined;
  try {
    await load();
  } catch (error) {
    if (!signal.aborted) complainOf(error);
  }
  if (!signal.aborted) document.title = `${heading.textContent.trim()} · Portico console`;
}

function go(hash: string, greeting: () => void): void {
  greet = greeting;
  location.hash = hash;
}

function brand(): HTMLElement {
  return element("span", { class: "brand" }, "Portico");
}

addEventListener("hashchange", follow);
// The browser can restore a page from its cache, which has forgotten its tokens when it was left.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
const linkToken = takeLinkToken();
if (linkToken === undefined) void resume();
else showPasswordLink(linkToken);
