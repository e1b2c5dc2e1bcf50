/** A plugin for Swagger UI: which of its parts are shown, and names for controls that have none. */
import type { Component, PluginProperties, React } from "./swagger-ui.ts";

/** The name of the layout's component. */
export const layoutName = "Portico";

/** Swagger UI's own layout would add a second `h1`, a choice among one server and a second `main` landmark. */
export const layoutPlugin = ({ React }: { readonly React: React }) => ({
  components: {
    [layoutName]: ({ getComponent, specSelectors }: PluginProperties) => {
      const status = specSelectors.loadingStatus();
      if (status === "success") return partsOf(React, getComponent);
      const text =
        status === "failed"
          ? "The contract could not be loaded. Reload the page to try again."
          : "The contract is loading.";
      return React.createElement("p", { className: "article", role: "status" }, text);
    },
    // The default puts a link inside the button that expands an operation, where screen readers cannot reach it. Expanding
    // the operation writes its address into the location anyway.
    DeepLink: ({ text }: { readonly text: string }) => text,
    Markdown: descriptionOf(React),
  },
  wrapComponents: { ...controlNames(React), authorizationPopup: startAtFirstField(React) },
});

function partsOf(react: React, getComponent: PluginProperties["getComponent"]): unknown {
  const part = (name: string) => react.createElement(getComponent(name, true));
  return react.createElement(
    "div",
    { className: "swagger-ui" },
    part("SvgAssets"),
    react.createElement(
      "div",
      { className: "bar" },
      react.createElement("h2", null, "Operations"),
      part("AuthorizeBtnContainer"),
    ),
    part("errors"),
    part("operations"),
    part("Models"),
  );
}

/**
 * A description of the contract: text in which backticks mark code. The default makes HTML of it by assignment, which the
 * page's content security policy forbids (Trusted Types).
 */
function descriptionOf(react: React) {
  return ({ source }: { readonly source?: string }) => {
    const parts = (source ?? "").split("`");
    const content = parts.map((part, index) => (index % 2 === 1 ? react.createElement("code", null, part) : part));
    return react.createElement("div", { className: "renderedMarkdown" }, react.createElement("p", null, ...content));
  };
}

/** Components that give controls an accessible name (WCAG 2.2 §2.5.3, §4.1.2). */
function controlNames(react: React) {
  return {
    ExamplesSelect: (original: Component) => (properties: { readonly showLabels?: boolean }) =>
      react.createElement(
        "label",
        null,
        properties.showLabels === false && hidden(react, "Example"),
        react.createElement(original, properties),
      ),
    CloseIcon: (original: Component) => () =>
      react.createElement("span", null, hidden(react, "Close"), react.createElement(original)),
    // Inline schemas have no title, so the button that expands one would have no name.
    JSONSchema202012Accordion: (original: Component) => (properties: { readonly children?: unknown }) =>
      react.createElement(original, properties, properties.children, hidden(react, "Schema")),
    // The default's aria-label differs from the visible text.
    Button:
      (original: Component) =>
      ({ "aria-label": _label, ...properties }: Readonly<Record<string, unknown>>) =>
        react.createElement(original, properties),
  };
}

/** Swagger UI focuses the last field of the dialog, a token for people. Partners, its main readers, have the first one. */
function startAtFirstField(react: React) {
  return (original: Component) => (properties: object) => {
    react.useEffect(() => {
      document.querySelector<HTMLElement>(".dialog-ux input[type=text]")?.focus({ preventScroll: true });
      document.querySelector(".dialog-ux .modal-ux-content")?.scrollTo(0, 0);
    }, []);
    return react.createElement(original, properties);
  };
}

/** Text for screen readers only. */
function hidden(react: React, text: string): unknown {
  return react.createElement("span", { className: "visually-hidden" }, text);
}
