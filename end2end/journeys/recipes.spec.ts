// The recipes that end in a browser, taken from the advertiser's pages as they are printed: the tag manager's two tags,
// the script of a Shopify theme, and a cookie by HTTP header beside t.js. The others run in tests/it/recipes.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { admin, test, expect } from "../fixtures";
import { openMarket } from "../market";
import * as people from "../people";
import type { Shop } from "../shop";

test.use({ serverOptions: { admin, admission: "auto" } });

const hasScripts = (javaScriptEnabled: boolean | undefined) => javaScriptEnabled !== false;
const PLATFORMS = ["nginx", "PHP", "Node", "WooCommerce", "Shopify", "Stripe", "Tag manager"];

/** A page of the shop that the tag manager serves. */
function page(title: string, head: string, content = ""): string {
  return `<!doctype html><html lang=en><head><title>${title}</title>${head}</head><h1>${title}</h1>${content}`;
}

/** A block of a platform's page, as it is printed. */
async function printed(advertiser: Page, url: string, campaign: string, platform: string, name: string): Promise<string> {
  await advertiser.goto(`${url}/advertiser/campaigns/${campaign}/integration/${platform}`);
  return advertiser.getByLabel(name, { exact: true }).innerText();
}

/** Follows the publisher's link, and waits until the landing is known. */
async function follow(visitor: Page, shop: Shop, link: string): Promise<string> {
  shop.setPage("/review", page("Review", "", `<a href="${link}">Buy</a>`));
  await visitor.goto(`${shop.url}/review`);
  const landing = visitor.waitForResponse((response) => response.url().endsWith("/landing"));
  await visitor.getByRole("link", { name: "Buy" }).click();
  expect((await landing).status()).toBe(201);
  return new URL(visitor.url()).searchParams.get("click_id") ?? "";
}

async function expectCredited(advertiser: Page, url: string, order: string): Promise<void> {
  const row = await people.conversionRow(advertiser, url, order);
  for (const text of ["Garden Letters", "4.99 EUR", "unverified", "pending"]) await expect(row).toContainText(text);
}

test("each platform has a page of its own, and its texts can be copied", async ({ server, shop, newContext, javaScriptEnabled, isMobile }) => {
  test.setTimeout(120_000);
  const { advertiser, campaign } = await openMarket(server, shop, newContext);
  const start = `${server.url}/advertiser/campaigns/${campaign}/integration`;
  for (const platform of PLATFORMS) {
    await advertiser.goto(start);
    await advertiser.getByRole("main").getByRole("link", { name: platform, exact: true }).click();
    await expect(advertiser.getByRole("heading", { level: 1 })).toHaveText(platform);
    const wide = await advertiser.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect.soft(wide, `${platform}: pixels to scroll sideways`).toBe(0);
  }
  await advertiser.goto(`${start}/php`);
  const code = advertiser.getByLabel("tallystick.php", { exact: true });
  const box = (await code.boundingBox())!;
  expect(box.height, "a long text scrolls in its own place").toBeLessThan(600);
  if (isMobile) expect(await code.evaluate((block) => block.scrollWidth > block.clientWidth)).toBe(true);
  const button = advertiser.locator(".copy-code").filter({ has: code }).locator("button");
  if (!hasScripts(javaScriptEnabled)) {
    await expect(button).toBeHidden();
    return;
  }
  for (const address of [`${start}/php`, start]) {
    await advertiser.goto(address);
    const { violations } = await new AxeBuilder({ page: advertiser }).analyze();
    expect.soft(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`), address).toEqual([]);
  }
  await advertiser.goto(`${start}/php`);
  await advertiser.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await button.click();
  await expect(button).toContainText("Copied");
  expect(await advertiser.evaluate(() => navigator.clipboard.readText())).toBe(await code.textContent());
});

test.describe("in the shop", () => {
  test.skip(({ isMobile, javaScriptEnabled }) => isMobile || !hasScripts(javaScriptEnabled), "a script, at any width");

  test("the tag manager's two tags report what the data layer says", async ({ server, shop, newContext }) => {
    const { advertiser, campaign, link } = await openMarket(server, shop, newContext);
    const ofPages = await printed(advertiser, server.url, campaign, "tag-manager", "Tag for all pages");
    const ofOrder = await printed(advertiser, server.url, campaign, "tag-manager", "Tag for the order");
    // As a tag manager does: a variable becomes an expression, and a tag is put into the page when its trigger comes.
    const put = (tag: string) => {
      const script = tag.replace(/<\/?script>/g, "").replaceAll("{{Ecommerce}}", "dataLayer.find((entry) => entry.ecommerce).ecommerce");
      return `<script>const put = document.createElement("script"); put.text = ${JSON.stringify(script)}; document.head.append(put);</script>`;
    };
    shop.setPage("/welcome", page("Welcome", put(ofPages)));
    const visitor = await (await newContext()).newPage();
    const clickId = await follow(visitor, shop, link);

    const purchase = {
      event: "purchase",
      ecommerce: {
        transaction_id: "T_12345",
        value: 49.9,
        tax: 10.48,
        shipping: 4.9,
        currency: "EUR",
        coupon: "WELCOME",
        items: [{ item_id: "BOOT-42", item_name: "Winter boots", price: 49.9, quantity: 1 }],
      },
    };
    const layer = `<script>window.dataLayer = [{ event: "gtm.js" }, ${JSON.stringify(purchase)}];</script>`;
    // The order's trigger comes while the script of the first tag is still loading.
    const both = `${put(ofPages)}${put(ofOrder).replaceAll("put", "also")}`;
    shop.setPage("/thanks", page("Thank you", `${layer}${both}`));
    const reported = visitor.waitForResponse((response) => response.url().includes("/pixel/"));
    await visitor.goto(`${shop.url}/thanks`);
    expect((await reported).status()).toBe(201);
    const sent = Object.fromEntries(new URL((await reported).url()).searchParams);
    expect(sent).toEqual({ click_id: clickId, order_id: "T_12345", event: "sale", amount: "49.90", currency: "EUR" });
    await expectCredited(advertiser, server.url, "T_12345");
  });

  test("a theme hands the click id to the cart, once", async ({ server, shop, newContext }) => {
    const { advertiser, campaign, link } = await openMarket(server, shop, newContext);
    const theme = await printed(advertiser, server.url, campaign, "shopify", "theme.liquid");
    shop.setPage("/welcome", page("Welcome", `<script>window.Shopify = { routes: { root: "/" } };</script>${theme}`));
    const visitor = await (await newContext()).newPage();
    let attributes: Record<string, string> = {};
    let updates = 0;
    await visitor.route("**/cart.js", (route) => route.fulfill({ json: { token: "c1", item_count: 0, attributes } }));
    await visitor.route("**/cart/update.js", async (route) => {
      expect(route.request().method()).toBe("POST");
      attributes = (route.request().postDataJSON() as { attributes: Record<string, string> }).attributes;
      updates += 1;
      await route.fulfill({ json: { token: "c1", item_count: 0, attributes } });
    });
    const clickId = await follow(visitor, shop, link);
    await expect.poll(() => attributes).toEqual({ tallystick: clickId });
    const asked = visitor.waitForResponse((response) => response.url().endsWith("/cart.js"));
    await visitor.reload();
    await (await asked).finished();
    await visitor.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    expect(updates).toBe(1);

    // More than a report takes, as the script may keep them until its landings are answered.
    const ids = [..."54321"].map((digit) => digit.padStart(11, "0").padEnd(44, "0"));
    await visitor.context().addCookies([{ name: `ts_${campaign}`, value: ids.join("."), url: shop.url }]);
    await visitor.goto(`${shop.url}/welcome`);
    await expect.poll(() => attributes).toEqual({ tallystick: [ids[0], ids[1], ids[2], ids[4]].join(".") });
    const newest = "0zz".padEnd(44, "0");
    await visitor.context().addCookies([{ name: `ts_${campaign}`, value: [newest, ...ids].join("."), url: shop.url }]);
    await visitor.goto(`${shop.url}/welcome`);
    await expect.poll(() => attributes, "none of the others still counts").toEqual({ tallystick: [newest, ids[0], ids[1]].join(".") });
  });

  test("a cookie set by header stays the server's, and t.js reports with it", async ({ server, shop, newContext, guard }) => {
    guard.expectProblem(/status of 422/);
    const { advertiser, campaign, link } = await openMarket(server, shop, newContext, "40");
    const folder = await mkdtemp(join(tmpdir(), "tallystick-recipe-"));
    await writeFile(join(folder, "tallystick.mjs"), await printed(advertiser, server.url, campaign, "node", "tallystick.mjs"));
    const script = await printed(advertiser, server.url, campaign, "node", "Script for your pages");
    type Capture = (request: IncomingMessage, response: ServerResponse) => void;
    const { capture } = (await import(pathToFileURL(join(folder, "tallystick.mjs")).href)) as { capture: Capture };
    shop.setBefore(capture);
    shop.setPage("/welcome", page("Welcome", script));
    const visitor = await (await newContext()).newPage();
    const kept = async () => (await visitor.context().cookies(shop.url)).find(({ name }) => name === `ts_${campaign}`)!;
    const first = await follow(visitor, shop, link);
    expect((await kept()).value).toBe(first);
    // Of the 40 days of the campaign; a cookie of t.js would have had 30 until the network's answer.
    expect(Math.abs((await kept()).expires - Date.now() / 1000 - 40 * 86_400)).toBeLessThan(120);
    await server.advance(60_000);
    const second = await follow(visitor, shop, link);
    expect((await kept()).value).toBe(`${second}.${first}`);

    // An id that is not ours is taken out by t.js, so that no report is refused for it.
    const forged = `1${"0".repeat(43)}`;
    const refused = visitor.waitForResponse((response) => response.url().endsWith("/landing"));
    await visitor.goto(`${shop.url}/welcome?click_id=${forged}`);
    expect((await refused).status()).toBe(422);
    await expect.poll(async () => (await kept()).value).toBe(`${second}.${first}`);

    const order = { order_id: "HEADER-1", event: "sale", amount: "49.90", currency: "EUR" };
    const reported = visitor.waitForResponse((response) => response.url().includes("/pixel/"));
    await visitor.evaluate((order) => (window as unknown as { tallystick: { convert(order: object): void } }).tallystick.convert(order), order);
    expect((await reported).status()).toBe(201);
    expect(new URL((await reported).url()).searchParams.get("click_id")).toBe(`${second}.${first}`);
    await expectCredited(advertiser, server.url, "HEADER-1");
    await rm(folder, { recursive: true, force: true });
  });
});
