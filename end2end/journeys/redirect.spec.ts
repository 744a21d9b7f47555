// No tracking link leads away from its campaign's hosts, as Node's own parser of addresses judges the real answers.

import { readFile } from "node:fs/promises";
import { admin, expect, test } from "../fixtures";
import * as people from "../people";

const hosts = ["shop.example", "www.shop.example"];
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async function hostileLinks(): Promise<string[]> {
  const text = await readFile(new URL("../../tests/fixtures/hostile_links.txt", import.meta.url), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("# "));
  return lines.map((line) => JSON.parse(`"${line}"`) as string);
}

test.use({ serverOptions: { admin, admission: "auto" } });

test("hostile deep links stay with the campaign", async ({ server, page, newContext, isMobile, javaScriptEnabled }) => {
  test.skip(isMobile || javaScriptEnabled === false, "no browser takes part: once is enough");
  test.setTimeout(180_000);
  const [publisher, office] = [await (await newContext()).newPage(), await (await newContext()).newPage()];
  await people.signUp(page, server.url, "advertiser", "Nordlicht Outdoor");
  await people.logIn(office, server.url, admin);
  const draft = { name: "Winter boots", landingPage: "https://shop.example/welcome", sale: "10", days: "7" };
  const campaign = await people.createCampaign(page, server.url, draft);
  await people.submitCampaign(page, server.url, campaign);
  await people.admitCampaign(office, server.url, draft.name);
  await people.signUp(publisher, server.url, "publisher", "Garden Letters");
  await people.apply(publisher, server.url, draft.name);
  await people.approvePublisher(page, server.url, "Garden Letters", draft.name);
  await people.makeLink(publisher, server.url, campaign, "Footer");
  const link = await publisher.getByLabel("Link", { exact: true }).inputValue();

  const texts = await hostileLinks();
  expect(texts.length).toBeGreaterThan(573);
  let accepted = 0;
  for (const text of texts) {
    for (const query of [`url=${encodeURIComponent(text)}`, `sub1=evil.example&u=${encodeURIComponent(text)}`]) {
      // Node says how it fetches, and so must say for what.
      const headers = { "User-Agent": firefox, "Sec-Fetch-Dest": "document" };
      const answer = await fetch(`${link}?${query}`, { redirect: "manual", headers });
      expect(answer.status, text).toBe(302);
      const location = answer.headers.get("location") ?? "";
      // Without a base: only an absolute address can be read at all.
      const read = new URL(location);
      expect(hosts, `${JSON.stringify(text)} leads to ${location}`).toContain(read.host);
      expect(["http:", "https:"], location).toContain(read.protocol);
      expect(read.username + read.password, location).toBe("");
      expect(answer.headers.get("x"), text).toBeNull();
      if (read.pathname !== "/welcome") accepted += 1;
    }
  }
  expect(accepted, "those that do lead to the shop").toBeGreaterThan(20);
});
