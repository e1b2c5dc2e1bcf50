/** Finds the method of the API for a request. */
import type { RouteModel } from "../template/deployment-model.ts";

export interface Match {
  readonly route: RouteModel;
  /** Path parameters, decoded. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** The path's percent-encoding is not valid. */
export class PathMalformed extends Error {
  override readonly name = "PathMalformed";
}

interface Node {
  readonly fixed: Map<string, Node>;
  variable: { readonly name: string; readonly node: Node } | undefined;
  greedy: { readonly name: string; readonly node: Node } | undefined;
  readonly methods: Map<string, RouteModel>;
}

const newNode = (): Node => ({ fixed: new Map(), variable: undefined, greedy: undefined, methods: new Map() });

/** `/a/b/` and `/a/b` are the same to API Gateway. */
const segmentsOf = (path: string): readonly string[] =>
  path === "/" ? [] : path.slice(1).replace(/\/$/, "").split("/");

export class Router {
  readonly #root = newNode();

  constructor(routes: readonly RouteModel[]) {
    for (const route of routes) {
      let node = this.#root;
      for (const segment of segmentsOf(route.resourcePath)) {
        const [, name, plus] = /^\{([^}+]+)(\+?)\}$/.exec(segment) ?? [];
        if (name === undefined) {
          let next = node.fixed.get(segment);
          if (next === undefined) node.fixed.set(segment, (next = newNode()));
          node = next;
        } else if (plus === "+") {
          node = (node.greedy ??= { name, node: newNode() }).node;
        } else {
          node = (node.variable ??= { name, node: newNode() }).node;
        }
      }
      node.methods.set(route.method, route);
    }
  }

  /**
   * Fixed segments win over `{name}`, which wins over `{name+}`. Segments are decoded one by one, so that an encoded slash stays
   * inside its segment.
   *
   * @param path percent-encoded, without query
   * @returns undefined for an unknown path or method
   * @throws PathMalformed for invalid percent-encoding
   */
  match(method: string, path: string): Match | undefined {
    const segments = segmentsOf(path).map((segment) => {
      try {
        return decodeURIComponent(segment);
      } catch {
        throw new PathMalformed(`the path's percent-encoding is not valid: ${segment}`);
      }
    });
    const walk = (node: Node, index: number, parameters: Readonly<Record<string, string>>): Match | undefined => {
      const segment = segments[index];
      if (segment === undefined) {
        const route = node.methods.get(method) ?? node.methods.get("ANY");
        return route && { route, pathParameters: parameters };
      }
      const fixed = node.fixed.get(segment);
      const found = fixed && walk(fixed, index + 1, parameters);
      if (found) return found;
      if (node.variable && segment !== "") {
        const found = walk(node.variable.node, index + 1, { ...parameters, [node.variable.name]: segment });
        if (found) return found;
      }
      if (!node.greedy) return undefined;
      const rest = segments.slice(index).join("/");
      return walk(node.greedy.node, segments.length, { ...parameters, [node.greedy.name]: rest });
    };
    return walk(this.#root, 0, {});
  }
}
