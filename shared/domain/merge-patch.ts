/** A resource whose changes are counted. */
interface Counted {
  readonly updatedAt: string;
  readonly revision: number;
}

/** The resource with the given fields changed (RFC 7396), one revision on; the same one if nothing is different. */
export function patched<Resource extends Counted>(
  resource: Resource,
  patch: { readonly [Field in keyof Resource]?: Resource[Field] | undefined },
  now: Date,
): Resource {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  if (given.every(([name, value]) => resource[name as keyof Resource] === value)) return resource;
  return { ...resource, ...Object.fromEntries(given), updatedAt: now.toISOString(), revision: resource.revision + 1 };
}
