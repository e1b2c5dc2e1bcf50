/** What a runbook tells people to run can be run: scripts exist, what needs an account says so, queries name what is logged. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { failureCodes, securityEvents } from "../../../shared/runtime/log.ts";

const folder = join(import.meta.dirname, "../../../docs/runbooks");
const pages = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));

/** The fenced blocks of a page, by language. */
function blocks(text: string): readonly { readonly language: string; readonly code: string }[] {
  return [...text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```/gm)].map(([, language = "", code = ""]) => ({
    language,
    code,
  }));
}

const shell = pages.flatMap(({ name, text }) =>
  blocks(text)
    .filter(({ language }) => language === "sh")
    .map(({ code }) => ({ name, code, text })),
);

test("every shell command is a script of the project, or AWS's on a page that says so", () => {
  expect(shell.length).toBeGreaterThan(5);
  for (const { name, code, text } of shell) {
    const scripts = [...code.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script as string);
    for (const script of scripts) expect(Object.keys(packageJson.scripts)).toContain(script);
    const needsAccount = /^ *aws /m.test(code);
    expect([name, needsAccount, needsAccount && !/AWS only/i.test(text)]).toEqual([name, needsAccount, false]);
    expect([name, scripts.length > 0 || needsAccount || code.includes("node -e")]).toEqual([name, true]);
  }
});

test("every query filters by codes that the functions log", () => {
  const codes = [
    ...[...securityEvents, ...failureCodes, "request_served", "internal_error", "dependency_failed"],
    ...["token_refused", "client_authentication_failed", "sign_in_failed", "bootstrap_done"],
    ...[
      "expiry_announced",
      "ledger_checked",
      "migration_continued",
      "synthetic_partner_served",
      "synthetic_partner_failed",
    ],
  ];
  const named = pages.flatMap(({ text }) =>
    [...text.matchAll(/code (?:= '(\w+)'|in \[([^\]]+)\])/g)].flatMap(([, one, list]) =>
      one === undefined ? [...(list ?? "").matchAll(/'(\w+)'/g)].map(([, code]) => code) : [one],
    ),
  );
  expect(named.length).toBeGreaterThan(10);
  for (const code of named) expect(codes).toContain(code);
});

test("every link to a page or a heading works", () => {
  for (const { name, text } of pages) {
    for (const [, target = "", place] of text.matchAll(/\]\(([\w-]+\.md)(?:#([\w-]+))?\)/g)) {
      const page = pages.find((one) => one.name === target);
      expect([name, target, page !== undefined]).toEqual([name, target, true]);
      const headings = [...(page?.text ?? "").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
      );
      if (place !== undefined) expect([name, headings.includes(place)]).toEqual([name, true]);
    }
  }
});
