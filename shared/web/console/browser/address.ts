/**
 * The address of a view: the part of the URL behind `#`, with a path and parameters, for example `#/partners?search=blue`.
 * Searches, filters and the number of loaded pages are parameters, so a reload, a bookmark and the Back button restore them.
 */

export type ParameterName = "search" | "sort" | "status" | "pages";

/** The path of the current address, without parameters: `#/partners`. */
export function currentPath(): string {
  return location.hash.split("?", 1)[0] ?? "";
}

export function parameter(name: ParameterName): string | undefined {
  return parameters().get(name) ?? undefined;
}

/**
 * Sets a parameter of the current address. The history gets no new entry, so Back leaves the view instead of undoing each
 * typed character.
 *
 * @param value empty or undefined removes the parameter
 */
export function setParameter(name: ParameterName, value: string | undefined): void {
  const changed = parameters();
  if (value === undefined || value === "") changed.delete(name);
  else changed.set(name, value);
  const query = changed.toString();
  history.replaceState(null, "", query === "" ? currentPath() : `${currentPath()}?${query}`);
}

function parameters(): URLSearchParams {
  const { hash } = location;
  const start = hash.indexOf("?");
  return new URLSearchParams(start === -1 ? "" : hash.slice(start));
}
