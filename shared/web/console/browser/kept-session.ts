/**
 * What outlives a reload of the page: the refresh token, which is bound to a key that no script can read. It is written when the
 * page is left and taken away when a page is opened, so a tab in use has nothing stored.
 */

export interface KeptSession {
  readonly refreshToken: string;
  /** Id of the key that the token is bound to. */
  readonly keyId: string;
}

const name = "portico.session";

/** A reload takes seconds. What is older was left, and the tab was restored later. */
const maxAgeMs = 60_000;

/** @returns whether it is kept: the browser may forbid it */
export function keepSession(session: KeptSession): boolean {
  try {
    sessionStorage.setItem(name, JSON.stringify({ ...session, keptAt: Date.now() }));
    return true;
  } catch {
    return false;
  }
}

/** Takes what was kept. @returns whether it may be continued: only a reload continues a session */
export function takeKeptSession(): { readonly session: KeptSession; readonly isFresh: boolean } | undefined {
  try {
    const { refreshToken, keyId, keptAt } = JSON.parse(sessionStorage.getItem(name) ?? "") as Record<string, unknown>;
    if (typeof refreshToken !== "string" || typeof keyId !== "string") return undefined;
    const ageMs = Date.now() - Number(keptAt);
    return { session: { refreshToken, keyId }, isFresh: isReload() && ageMs >= 0 && ageMs <= maxAgeMs };
  } catch {
    return undefined;
  } finally {
    forgetKeptSession();
  }
}

function forgetKeptSession(): void {
  try {
    sessionStorage.removeItem(name);
  } catch {
    // The browser forbids the storage, so it has nothing.
  }
}

/** Not a link, a bookmark, the Back button or a tab that was opened again. */
function isReload(): boolean {
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return navigation?.type === "reload";
}
