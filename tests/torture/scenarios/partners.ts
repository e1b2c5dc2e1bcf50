/** The e-mail addresses and the deletion of partners. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { syntheticPartnerId } from "../../../shared/partners/synthetic-partner.ts";
import { contentsOf } from "../../support/table.ts";
import type { Answer } from "../../support/answer.ts";
import type { Scenario } from "../kit.ts";
import { countOf, days, groupsOf, keyed, leavesLeases, times, verdictOf } from "./values.ts";
import { createSubscription } from "./subscriptions.ts";
import { company } from "./companies.ts";

export const partnerEmails: Scenario = {
  name: "partner e-mails",
  invariant: "an e-mail address has one partner, which is complete, and those who were refused leave nothing behind",
  begin: async (world, callers) => {
    const token = await world.rootToken();
    const groups = times(groupsOf(callers), () => ({ email: `${randomUUID()}@b.example`, answers: [] as Answer[] }));
    return {
      callers: times(callers, (index) => async () => {
        const group = groups[index % groups.length]!;
        // Addresses are case-insensitive.
        const email = index % 2 === 0 ? group.email : group.email.toUpperCase();
        const json = { name: `Shop ${index}`, websiteUrl: "https://shop.example", email };
        group.answers.push(await world.persist("POST", "/v1/partners", { token, json, ...keyed(randomUUID()) }));
      }),
      verify: async () => {
        const items = await contentsOf(world.portico.host);
        const partners = items.filter(({ pk }) => pk === "PARTNERS");
        for (const { email, answers } of groups) {
          const verdicts = answers.map(verdictOf);
          assert.equal(countOf(verdicts, "201"), 1, verdicts.join(", "));
          assert.equal(countOf(verdicts, "409 partner_email_taken"), answers.length - 1, verdicts.join(", "));
          const having = partners.filter((partner) => String(partner.email).toLowerCase() === email);
          assert.deepEqual(
            having.map(({ id }) => id),
            answers.filter(({ status }) => status === 201).map(({ body }) => body.id),
          );
        }
        const ids = partners.map(({ id }) => String(id)).sort();
        const idsUnder = (prefix: string) =>
          items
            .filter(({ pk }) => String(pk).startsWith(prefix))
            .map(({ pk }) => String(pk).slice(prefix.indexOf("ptr_")))
            // It has no profile.
            .filter((id) => id !== syntheticPartnerId)
            .sort();
        assert.deepEqual(idsUnder("CREDENTIAL#ptr_"), ids, "a partner without credential, or the other way round");
        assert.deepEqual(idsUnder("PRINCIPAL#ptr_"), ids, "a partner without state, or the other way round");
        const holders = items
          .filter(({ pk }) => String(pk).startsWith("PARTNER-EMAIL#"))
          .map(({ partnerId }) => String(partnerId));
        assert.deepEqual(holders.sort(), ids, "an e-mail address is held for nobody");
      },
    };
  },
};

export const deletion: Scenario = {
  name: "deletion",
  invariant:
    "a partner is deleted with all that is its own, or has a live subscription or a company: never both, never neither",
  unfit: leavesLeases,
  begin: async (world, callers) => {
    const root = await world.rootToken();
    const partners = await Promise.all(
      times(groupsOf(callers), async () => {
        const partner = await world.partner();
        await createSubscription(world, partner.token, "former");
        await world.call("DELETE", "/v1/subscriptions/former", { token: partner.token });
        return { ...partner, deletions: [] as string[], creations: [] as string[] };
      }),
    );
    return {
      callers: times(callers, (index) => async () => {
        const partner = partners[index % partners.length]!;
        // For half of the partners all callers delete; for the others every second caller creates.
        const isCreator = (index % partners.length) % 2 === 0 && Math.floor(index / partners.length) % 2 === 1;
        if (!isCreator) {
          partner.deletions.push(
            verdictOf(await world.persist("DELETE", `/v1/partners/${partner.id}`, { token: root })),
          );
          return;
        }
        const subscription = { externalUserId: `late-${index}`, userEmail: "customer@a.example", duration: days(1) };
        const sells = Math.floor(index / partners.length / 2) % 2 === 0;
        const [path, json] = sells ? ["/v1/subscriptions", subscription] : ["/v1/companies", company];
        const request = { token: partner.token, json, ...keyed(randomUUID()) };
        partner.creations.push(verdictOf(await world.persist("POST", path, request)));
      }),
      verify: async () => {
        const items = await contentsOf(world.portico.host);
        // Idempotency records, events and creation locks outlive a partner until they expire.
        const lasting = /^(CREATION-LOCK|IDEMPOTENCY|EVENTS)#/;
        for (const { id, token, deletions, creations } of partners) {
          const story = `${deletions.join(", ")}; ${creations.join(", ")}`;
          const own = items.filter(
            ({ pk, sk }) => `${String(pk)} ${String(sk)}`.includes(id) && !lasting.test(String(pk)),
          );
          if (creations.includes("201")) {
            assert.ok(
              creations.every((verdict) => verdict === "201"),
              story,
            );
            assert.ok(
              deletions.every((verdict) => verdict === "409 partner_in_use"),
              story,
            );
            const { body: active } = await world.call("GET", "/v1/subscriptions?status=active", { token });
            const { body: companies } = await world.call("GET", "/v1/companies", { token });
            assert.equal([...active.items, ...companies.items].length, creations.length, story);
          } else if (deletions.length > 0 && creations.every((verdict) => verdict.startsWith("401 "))) {
            assert.ok(
              deletions.every((verdict) => verdict === "204" || verdict === "404 not_found"),
              story,
            );
            assert.deepEqual(own, [], story);
          } else {
            assert.fail(story);
          }
        }
      },
    };
  },
};
