/** The choice of the samples' language, for all samples of the page at once, and their copy buttons. */
import { all, find } from "./dom.ts";

export function enableSamples(): void {
  const groups = all(".languages", HTMLElement);
  const buttons = all(".languages [data-language]", HTMLButtonElement);
  const choose = (language: string) => {
    document.documentElement.dataset["language"] = language;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset["language"] === language));
  };
  for (const group of groups) {
    group.hidden = false;
    const copy = find(".copy", HTMLElement, group);
    copy.addEventListener("click", () => void copySample(group, copy));
  }
  for (const button of buttons) {
    button.addEventListener("click", () => {
      // The samples above the button change their height, but the reader's place stays.
      const before = button.getBoundingClientRect().top;
      choose(button.dataset["language"] ?? "curl");
      scrollBy({ top: button.getBoundingClientRect().top - before, behavior: "instant" });
    });
  }
  choose("curl");
}

async function copySample(group: HTMLElement, copy: HTMLElement): Promise<void> {
  const language = document.documentElement.dataset["language"] ?? "curl";
  const sample = find(`.sample[data-language="${language}"]`, HTMLElement, group.parentElement ?? document);
  await navigator.clipboard.writeText(sample.textContent).then(
    () => (copy.textContent = "Copied"),
    () => (copy.textContent = "Not copied"),
  );
  setTimeout(() => (copy.textContent = "Copy"), 2000);
}
