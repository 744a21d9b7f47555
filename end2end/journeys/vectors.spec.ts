// How a real browser comes to a tracking link: by a person, by a script, in advance, or inside a page. What it sends in
// each case is the browser's own; what we make of it is read from the product's pages and files.

import type { BrowserContext, Page } from "@playwright/test";
import { admin, test, expect } from "../fixtures";
import { type Market, clicksOf, gesturesOf, openMarket } from "../market";
import type { Server } from "../server";
import type { Shop } from "../shop";

test.use({ serverOptions: { admin, admission: "auto" } });

// What a browser sends does not depend on its width, and half of the ways need scripts.
test.skip(({ isMobile, javaScriptEnabled }) => isMobile || javaScriptEnabled === false, "the same at every width");

type Counts = { valid: number; duplicate: number; invalid: number; withId: number; gestures: string };

async function counts(market: Market, server: Server): Promise<Counts> {
  const clicks = await clicksOf(market.publisher, server.url);
  const hasClicks = clicks.with_id > 0;
  return {
    valid: clicks.unique ?? 0,
    duplicate: clicks.duplicate ?? 0,
    invalid: clicks.invalid ?? 0,
    withId: clicks.with_id ?? 0,
    gestures: hasClicks ? await gesturesOf(market.advertiser, server.url) : "–",
  };
}

const NOTHING: Counts = { valid: 0, duplicate: 0, invalid: 0, withId: 0, gestures: "–" };

/** The publisher's page: of another site than the network. */
async function read(visitor: Page, site: Shop, html: string): Promise<void> {
  site.setPage("/review", `<!doctype html><html lang=en><title>Review</title><h1>Boots</h1>${html}`);
  await visitor.goto(`${site.url}/review`);
}

async function cookies(context: BrowserContext, server: Server): Promise<string[]> {
  return (await context.cookies(server.url)).map(({ name }) => name);
}

async function landed(page: Page): Promise<void> {
  await page.waitForURL(/\/welcome\?click_id=[0-9a-z]{44}$/);
}

test.describe("one valid click each", () => {
  test("an ordinary click", async ({ server, shop, newContext }) => {
    const market = await openMarket(server, shop, newContext);
    const visitor = await (await newContext()).newPage();
    await read(visitor, shop, `<a href="${market.link}">Buy</a>`);
    await visitor.getByRole("link", { name: "Buy" }).click();
    await landed(visitor);
    expect(await counts(market, server)).toEqual({ ...NOTHING, valid: 1, withId: 1, gestures: "1 of 1, 100.0 %" });
  });

  test("a script redirect has no gesture", async ({ server, shop, newContext }) => {
    const market = await openMarket(server, shop, newContext);
    const visitor = await (await newContext()).newPage();
    await read(visitor, shop, `<script>location.href = ${JSON.stringify(market.link)}</script>`).catch(() => {});
    await landed(visitor);
    expect(await counts(market, server)).toEqual({ ...NOTHING, valid: 1, withId: 1, gestures: "0 of 1, 0.0 %" });
  });

  test("a pop-up has no gesture", async ({ server, shop, newContext }) => {
    const market = await openMarket(server, shop, newContext);
    const context = await newContext();
    const visitor = await context.newPage();
    const opened = context.waitForEvent("page");
    await read(visitor, shop, `<script>window.open(${JSON.stringify(market.link)})</script>`);
    await landed(await opened);
    expect(await counts(market, server)).toEqual({ ...NOTHING, valid: 1, withId: 1, gestures: "0 of 1, 0.0 %" });
  });

  test("a publisher's own redirect before our link keeps the gesture", async ({ server, shop, newContext }) => {
    const market = await openMarket(server, shop, newContext);
    shop.setRedirect("/go/boots", market.link);
    const visitor = await (await newContext()).newPage();
    await read(visitor, shop, `<a href="/go/boots">Buy</a>`);
    await visitor.getByRole("link", { name: "Buy" }).click();
    await landed(visitor);
    expect(await counts(market, server)).toEqual({ ...NOTHING, valid: 1, withId: 1, gestures: "1 of 1, 100.0 %" });
  });

  for (const kind of ["prefetch", "prerender"] as const) {
    test(`a ${kind} and then the click`, async ({ server, shop, newContext, guard }) => {
      guard.expectProblem(/status of 503|prerender|prefetch/i);
      const market = await openMarket(server, shop, newContext);
      const context = await newContext();
      const visitor = await context.newPage();
      const rules = JSON.stringify({ [kind]: [{ urls: [market.link], eagerness: "immediate" }] });
      await read(visitor, shop, `<a href="${market.link}">Buy</a><script type="speculationrules">${rules}</script>`);
      // The browser asked in advance, and got nothing: told by the network's own count.
      await expect.poll(async () => (await counts(market, server)).invalid).toBe(1);
      expect(await cookies(context, server)).toEqual([]);
      await visitor.getByRole("link", { name: "Buy" }).click();
      await landed(visitor);
      const expected = { ...NOTHING, valid: 1, invalid: 1, withId: 1, gestures: "1 of 1, 100.0 %" };
      expect(await counts(market, server)).toEqual(expected);
      await market.publisher.goto(`${server.url}/publisher/reports`);
      await expect(market.publisher.getByRole("region", { name: "Invalid clicks by reason" })).toContainText("speculative");
    });
  }
});

test("inside a page it is no click: no id, no cookie, and each is counted with its reason", async ({
  server,
  shop,
  newContext,
  guard,
}) => {
  // The browser says on the console that an empty answer is no script, no style and no image.
  guard.expectProblem(/ERR_BLOCKED_BY_RESPONSE|MIME type|CORS policy|net::ERR_FAILED|status of 503|prefetch/i);
  const market = await openMarket(server, shop, newContext);
  const link = JSON.stringify(market.link);
  const ways: [string, string][] = [
    ["link rel=prefetch", `<link rel="prefetch" href=${link}>`],
    ["iframe", `<iframe src=${link}></iframe>`],
    ["image", `<img src=${link} alt="">`],
    ["script", `<script src=${link}></script>`],
    ["style", `<link rel="stylesheet" href=${link}>`],
    ["fetch", `<script>fetch(${link}, { mode: "no-cors", credentials: "include" }).catch(() => {})</script>`],
  ];
  for (const [index, [name, html]] of ways.entries()) {
    const context = await newContext();
    const visitor = await context.newPage();
    await read(visitor, shop, html);
    await expect.poll(async () => (await counts(market, server)).invalid, name).toBe(index + 1);
    expect(await cookies(context, server), name).toEqual([]);
    expect(await counts(market, server), name).toEqual({ ...NOTHING, invalid: index + 1 });
  }
  expect(shop.requests.filter((path) => path.includes("click_id")), "no page of the shop got an id").toEqual([]);
});
