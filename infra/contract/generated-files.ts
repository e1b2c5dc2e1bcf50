/** The files that are made from the contract and committed, so that readers and reviewers see them change with it. */
import { operations } from "../../shared/operations.ts";
import { contractDocument } from "./document.ts";
import { postmanCollection, type ShownDocument } from "./postman.ts";

export interface GeneratedFile {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
}

/** Where the contract is committed, from the project's root. */
export const contractPath = "docs/openapi.json";

export const collectionPath = "docs/portico.postman_collection.json";

/** Every generated file as it has to be; the same declarations give the same bytes. */
export function generatedFiles(): readonly GeneratedFile[] {
  const document = contractDocument();
  return [
    { path: contractPath, text: json(document) },
    { path: collectionPath, text: json(postmanCollection(operations, document as unknown as ShownDocument)) },
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
