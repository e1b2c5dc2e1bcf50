/** A resource that counts its changes. */
interface Counted {
  readonly updatedAt: string;
  readonly revision: number;
}

/** Applies a merge patch (RFC 7396) and raises the revision. A no-op returns the same resource. */
export function patched<Resource extends Counted>(
  resource: Resource,
  patch: { readonly [Field in keyof Resource]?: Resource[Field] | undefined },
  now: Date,
): Resource {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  if (given.every(([name, value]) => resource[name as keyof Resource] === value)) return resource;
  return { ...resource, ...Object.fromEntries(given), updatedAt: now.toISOString(), revision: resource.revision + 1 };
}
