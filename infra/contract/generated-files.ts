/** The committed files that are generated from the declarations, so that reviewers see their changes. */
import { operations } from "../../shared/operations.ts";
import { compromisePage, compromisePath } from "./compromise.ts";
import { contractDocument } from "./document.ts";
import { postmanCollection, type ShownDocument } from "./postman.ts";

export interface GeneratedFile {
  /** Path from the project's root. */
  readonly path: string;
  readonly text: string;
}

/** Path of the committed contract, from the project's root. */
export const contractPath = "docs/openapi.json";

export const collectionPath = "docs/portico.postman_collection.json";

/** The expected content of every generated file. The same declarations give the same bytes. */
export function generatedFiles(): readonly GeneratedFile[] {
  const document = contractDocument();
  return [
    { path: contractPath, text: json(document) },
    { path: collectionPath, text: json(postmanCollection(operations, document as unknown as ShownDocument)) },
    { path: compromisePath, text: compromisePage() },
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
