/** Partners as callers see them. */
import { etagOf } from "../domain/etag.ts";
import type { PartnerView } from "./contract.ts";
import type { StoredPartner } from "./model.ts";

export function viewPartner(partner: StoredPartner): PartnerView {
  const { id, name, websiteUrl, email, status, tokenPolicy, createdAt, updatedAt, revision } = partner;
  return { id, name, websiteUrl, email, status, tokenPolicy, createdAt, updatedAt, etag: etagOf(revision) };
}
