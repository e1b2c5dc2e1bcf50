/** `npm run rotate-keys`: rotates the signing keys of the running host, as Secrets Manager does every 30 days. */
import { giveOrder, runOrder } from "./control.ts";

await runOrder(async () => {
  const { rotated } = await giveOrder("rotate", {});
  console.log(`rotated: ${rotated.join(", ") || "nothing"}`);
});
