/** One operation of the reference as HTML: what it does, its fields, its errors, samples, and a form that sends it. */
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { administrators } from "../../shared/domain/access.ts";
import { escaped, inHtml } from "../../shared/web/frame.ts";
import { pagePlaceholders } from "../../shared/web/docs/served-pages.ts";
import { languages, sampleRequest } from "../contract/samples.ts";
import { fieldsOf, parameterFields } from "./fields.ts";
import type { Contract, DescribedOperation, Parameter } from "./openapi.ts";

export interface ShownOperation {
  readonly operation: AnyOperation;
  readonly described: DescribedOperation;
}

/** The operation as a section. Its id is the operation's, so that it has an address. */
export function operationHtml({ operation, described }: ShownOperation, contract: Contract): string {
  const { operationId, summary, description } = described;
  return `<section class="operation" id="${operationId}" aria-labelledby="${operationId}-title">
<h3 id="${operationId}-title"><a href="#${operationId}">${escaped(summary)}</a></h3>
<p class="call"><span class="method ${operation.method.toLowerCase()}">${operation.method}</span> <code>${wrapping(operation.path)}</code></p>
<div class="columns">
<div class="explained">
<p>${inHtml(description)}</p>
<p class="access">${accessText(operation)}</p>
${requestDetails(described, contract)}</div>
<div class="shown">
${samples(operation)}${answerDetails({ operation, described }, contract)}${errorDetails(described, contract)}${tryForm({ operation, described }, contract)}</div>
</div>
</section>
`;
}

/** Lets a path break after its slashes. */
function wrapping(path: string): string {
  return escaped(path).replaceAll("/", "/<wbr>");
}

function accessText({ access, acceptsClient }: AnyOperation): string {
  if (access === "public") return acceptsClient === true ? "Your client id and client secret" : "Anyone";
  const { partner, user } = access;
  const scope = partner?.scope === undefined ? "" : ` with the scope <code>${partner.scope}</code>`;
  const isForAdministrators = user?.roles.every((role) => administrators.includes(role)) ?? false;
  return [
    ...(partner === undefined ? [] : [`A partner’s token${scope}`]),
    ...(user === undefined ? [] : [isForAdministrators ? "An administrator’s token" : "A user’s token"]),
  ].join(", or ");
}

function parametersOf({ parameters }: DescribedOperation, { resolve }: Contract): readonly Parameter[] {
  return parameters.map((one) => resolve(one)).filter(({ name }) => name !== "x-correlation-id");
}

function requestDetails(described: DescribedOperation, contract: Contract): string {
  const parameters = parametersOf(described, contract);
  const [body] = Object.values(described.requestBody?.content ?? {});
  const bodyFields = body === undefined ? "" : fieldsOf(body.schema, contract.resolve);
  const counts = [
    ...(parameters.length > 0 ? [counted(parameters.length, "parameter")] : []),
    ...(bodyFields === "" ? [] : ["body"]),
  ];
  if (counts.length === 0) return "";
  return details(`Request: ${counts.join(" and ")}`, parameterFields(parameters, contract.resolve) + bodyFields, true);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function details(title: string, content: string, isOpen = false): string {
  return `<details${isOpen ? ' class="request" open' : ""}><summary>${title}</summary>\n${content}</details>\n`;
}

function answerDetails({ operation, described }: ShownOperation, contract: Contract): string {
  const { status, description } = operation.success;
  const content = contract.resolve(described.responses[String(status)] ?? {}).content?.["application/json"];
  const example = content?.example;
  const shown = example === undefined ? "" : `<pre tabindex="0"><code>${escaped(pretty(example))}</code></pre>\n`;
  const fields = content === undefined ? "" : fieldsOf(content.schema, contract.resolve);
  return details(`Answer: ${status}, ${inHtml(lowered(description))}`, `${shown}${fields}` || "<p>No body.</p>\n");
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function pretty(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

/** The codes by status; a problem code links to its page. */
function errorDetails({ responses }: DescribedOperation, { resolve }: Contract): string {
  const rows = Object.entries(responses).flatMap(([status, response]) => {
    if (Number(status) < 400) return [];
    const contents = Object.values(resolve(response).content ?? {});
    const codes = contents.flatMap(({ examples = {} }) => Object.keys(examples)).map(errorCode);
    return [`<div><dt>${status}</dt><dd>${codes.join(", ")}</dd></div>\n`];
  });
  return details("Errors", `<dl class="errors">\n${rows.join("")}</dl>\n`);
}

function errorCode(name: string): string {
  if (name.startsWith("oauth_")) return `<code>${name.slice("oauth_".length)}</code>`;
  return `<a href="${pagePlaceholders.basePath}/problems/${name}"><code>${name}</code></a>`;
}

function samples(operation: AnyOperation): string {
  const request = sampleRequest(operation);
  const buttons = Object.entries(languages).map(
    ([name, { label }]) => `<button type="button" data-language="${name}" aria-pressed="false">${label}</button>`,
  );
  const texts = Object.entries(languages).map(
    ([name, { label, write }]) =>
      `<pre class="sample" data-language="${name}" tabindex="0" role="region" aria-label="${label}"><code>${escaped(write(request))}</code></pre>\n`,
  );
  return `<div class="languages" role="group" aria-label="Language of the samples" hidden>
${buttons.join("")}<button type="button" class="copy">Copy</button>
</div>
${texts.join("")}`;
}

/** The form of a call from the page. A script enables it. */
function tryForm({ operation, described }: ShownOperation, contract: Contract): string {
  const { method, path, request } = operation;
  const { credentials, body } = sampleRequest(operation);
  const inputs = parametersOf(described, contract).map(({ name, in: place, schema, required = false }) => {
    const value = place === "path" ? String(schema.examples?.[0] ?? schema.enum?.[0] ?? "") : "";
    const attributes = `name="${place}:${name}" value="${escaped(value)}"${required ? " required" : ""}`;
    return `<label>${escaped(name)} <input ${attributes} autocapitalize="none" autocomplete="off" spellcheck="false"></label>\n`;
  });
  const text = body === undefined ? undefined : pretty(body.value);
  const textArea =
    text === undefined
      ? ""
      : `<label>Body <textarea name="body" rows="${Math.min(text.split("\n").length + 1, 12)}" spellcheck="false">${escaped(text)}</textarea></label>\n`;
  const data = `data-method="${method}" data-path="${escaped(path)}" data-credentials="${credentials}"`;
  const form = `<form class="try controls" method="post" ${data} data-body="${request.bodyType ?? "json"}">
${inputs.join("")}${textArea}<button class="primary" disabled>Send</button>
<p class="answer-status" role="status"></p>
<pre class="answer" tabindex="0" hidden></pre>
</form>
`;
  return details("Try it", form);
}
