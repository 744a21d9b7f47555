// First-party capture in a real browser: t.js on the shop's own pages, which never sees a cookie of the network.

import type { Page } from "@playwright/test";
import { admin, test, expect } from "../fixtures";
import { clicksOf, openMarket } from "../market";
import * as people from "../people";
import type { Shop } from "../shop";

test.use({ serverOptions: { admin, admission: "auto" } });
test.skip(({ isMobile, javaScriptEnabled }) => isMobile || javaScriptEnabled === false, "a script, at any width");

const DAY_S = 86_400;

function page(title: string, content: string): string {
  return `<!doctype html><html lang=en><title>${title}</title><h1>${title}</h1>${content}`;
}

async function follow(visitor: Page, shop: Shop, link: string): Promise<string> {
  shop.setPage("/review", page("Review", `<a href="${link}">Buy</a>`));
  await visitor.goto(`${shop.url}/review`);
  const landing = visitor.waitForResponse((response) => response.url().endsWith("/landing"));
  await visitor.getByRole("link", { name: "Buy" }).click();
  expect((await landing).status()).toBe(201);
  return new URL(visitor.url()).searchParams.get("click_id") ?? "";
}

/** The first-party cookie, once its life is that of the campaign. */
async function kept(visitor: Page, shop: Shop, campaign: string, seconds: number): Promise<string[]> {
  const cookie = async () => (await visitor.context().cookies(shop.url)).find(({ name }) => name === `ts_${campaign}`);
  const age = async () => Math.round(((await cookie())?.expires ?? 0) - Date.now() / 1000);
  await expect.poll(async () => Math.abs((await age()) - seconds)).toBeLessThan(60);
  return (await cookie())!.value.split(".");
}

/** The click ids that the conversion call reports, once the network has taken them. */
async function told(visitor: Page, order: string): Promise<string[]> {
  const reported = visitor.waitForResponse((response) => response.url().includes("/pixel/"));
  type Tag = { tallystick: { convert(order: object): void } };
  const fields = { order_id: order, event: "sale", amount: "49.90", currency: "EUR" };
  await visitor.evaluate((fields) => (window as unknown as Tag).tallystick.convert(fields), fields);
  expect((await reported).status()).toBe(201);
  return new URL((await reported).url()).searchParams.get("click_id")?.split(".") ?? [];
}

test("a click is kept, lands once, and earns by the conversion call", async ({ server, shop, newContext }) => {
  const market = await openMarket(server, shop, newContext, "3");
  // As the integration page prints them.
  await market.advertiser.goto(`${server.url}/advertiser/campaigns/${market.campaign}/integration?order_id=ORDER-T1`);
  const script = await market.advertiser.getByLabel("The script on your pages").innerText();
  const ofOrder = await market.advertiser.getByLabel("The script on the page of an order").innerText();
  shop.setPage("/welcome", page("Welcome", script));
  const visitor = await (await newContext()).newPage();
  const ids = [await follow(visitor, shop, market.link)];
  expect(await kept(visitor, shop, market.campaign, 3 * DAY_S)).toEqual(ids);

  const landings: string[] = [];
  visitor.on("request", (request) => request.url().endsWith("/landing") && landings.push(request.url()));
  await visitor.reload();
  expect(landings, "the same page again reports nothing").toEqual([]);

  // The newest three, and the oldest that is inside the window; then the oldest is no longer inside.
  for (let count = 0; count < 4; count += 1) {
    await server.advance(3_600_000);
    ids.unshift(await follow(visitor, shop, market.link));
  }
  expect(await kept(visitor, shop, market.campaign, 3 * DAY_S)).toEqual([ids[0], ids[1], ids[2], ids[4]]);
  await server.advance(3 * DAY_S * 1000 - 3 * 3_600_000);
  ids.unshift(await follow(visitor, shop, market.link));
  expect(await kept(visitor, shop, market.campaign, 3 * DAY_S)).toEqual([ids[0], ids[1], ids[2], ids[3]]);
  // Sessions end when they were idle too long.
  const logIn = (email: string) => ({ email: `${email}@parties.example`, password: people.PASSWORD });
  await people.logIn(market.publisher, server.url, logIn("garden.letters"));
  expect(await clicksOf(market.publisher, server.url)).toMatchObject({ gross: 6, with_id: 6, landed: 6 });

  // The browser blocks the network's own cookie here; the first-party list alone earns.
  shop.setPage("/thanks", page("Thank you", ofOrder));
  const reported = visitor.waitForResponse((response) => response.url().includes("/pixel/"));
  await visitor.goto(`${shop.url}/thanks`);
  const answer = await reported;
  expect(answer.status()).toBe(201);
  expect((await answer.request().allHeaders()).cookie ?? "").toBe("");
  expect(new URL(answer.url()).searchParams.get("click_id")).toBe([ids[0], ids[1], ids[2], ids[3]].join("."));

  await people.logIn(market.advertiser, server.url, logIn("nordlicht.outdoor"));
  const row = await people.conversionRow(market.advertiser, server.url, "ORDER-T1");
  for (const text of ["Garden Letters", "4.99 EUR", "unverified", "pending"]) await expect(row).toContainText(text);
});

test("the conversion call tells the first click of forty days ago", async ({ server, shop, newContext }) => {
  const market = await openMarket(server, shop, newContext, "60");
  const script = `<script src="${server.url}/t.js" data-campaign="${market.campaign}" defer></script>`;
  shop.setPage("/welcome", page("Welcome", script));
  const visitor = await (await newContext()).newPage();
  const ids = [await follow(visitor, shop, market.link)];
  await server.advance(40 * DAY_S * 1000);
  for (let count = 0; count < 3; count += 1) {
    await server.advance(3_600_000);
    ids.unshift(await follow(visitor, shop, market.link));
  }
  expect(await kept(visitor, shop, market.campaign, 60 * DAY_S)).toEqual(ids);
  expect(await told(visitor, "FORTY-1")).toEqual(ids);

  // A landing that was not answered: more are kept than a report takes, and the window was told with the one before.
  const nothing = { status: 204, headers: { "access-control-allow-origin": "*" } };
  await visitor.route("**/landing", (route) => route.fulfill(nothing));
  await server.advance(3_600_000);
  await visitor.goto(`${shop.url}/review`);
  await visitor.getByRole("link", { name: "Buy" }).click();
  await visitor.waitForURL(/click_id=/);
  ids.unshift(new URL(visitor.url()).searchParams.get("click_id") ?? "");
  expect(await told(visitor, "FORTY-2")).toEqual([ids[0], ids[1], ids[2], ids[4]]);
  await visitor.evaluate(() => sessionStorage.clear());
  expect(await told(visitor, "FORTY-3"), "nor is it dropped where nothing is known").toEqual([ids[0], ids[1], ids[2], ids[4]]);
});

test("in a frame it does nothing, and a forged id is refused and forgotten", async ({ server, shop, newContext, guard }) => {
  guard.expectProblem(/status of 422/);
  const market = await openMarket(server, shop, newContext);
  const script = `<script src="${server.url}/t.js" data-campaign="${market.campaign}" defer></script>`;
  shop.setPage("/welcome", page("Welcome", script));
  const visitor = await (await newContext()).newPage();
  const landings: string[] = [];
  visitor.on("request", (request) => request.url().endsWith("/landing") && landings.push(request.url()));
  const forged = "04".padEnd(44, "0");
  shop.setPage("/frame", page("Frame", `<iframe src="/welcome?click_id=${forged}"></iframe>`));
  await visitor.goto(`${shop.url}/frame`);
  const frame = visitor.frames()[1];
  await frame.waitForLoadState();
  expect(await frame.evaluate(() => "tallystick" in window)).toBe(false);
  expect([landings, await visitor.context().cookies(shop.url)]).toEqual([[], []]);

  const refused = visitor.waitForResponse((response) => response.url().endsWith("/landing"));
  await visitor.goto(`${shop.url}/welcome?click_id=${forged}`);
  expect((await refused).status()).toBe(422);
  await expect.poll(async () => (await visitor.context().cookies(shop.url)).length).toBe(0);
  for (const text of ["", "nothing", forged.slice(1), `${forged.slice(1)}u`]) {
    await visitor.goto(`${shop.url}/welcome?click_id=${text}`);
    expect(await visitor.evaluate(() => "tallystick" in window)).toBe(true);
  }
  expect(landings, "what has not the shape of an id is not even reported").toHaveLength(1);
});
