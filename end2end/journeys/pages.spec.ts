// The main pages, full and empty, light and dark: no violation of WCAG 2.2 AA that a machine can find, and nothing to
// scroll sideways. Where a run asks for them, the screenshots of the documentation are made of the same pages.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, logIn, test } from "../demo";
import { admin } from "../fixtures";
import * as people from "../people";

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const schemes = ["light", "dark"] as const;
const publisher = "publisher1@demo.example";

test.skip(({ javaScriptEnabled }) => javaScriptEnabled === false, "axe needs JavaScript in the page");
test.use({ serverOptions: { admin, admission: "auto" } });

/** Soft, so that one run names the violations of all pages. */
async function expectClean(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
  expect.soft(found, where).toEqual([]);
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect.soft(tooWide, `${where}: pixels to scroll sideways`).toBe(0);
}

async function expectCleanInAllSchemes(page: Page, url: string, heading: string | RegExp): Promise<void> {
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(url);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    await expectClean(page, `${new URL(url).pathname} ${colorScheme}`);
  }
}

/** The newest receipt, by the list's own link. */
async function receiptUrl(page: Page, url: string): Promise<string> {
  await page.goto(`${url}/publisher/conversions?state=paid`);
  return new URL((await page.locator("a[href^='/receipts/']").first().getAttribute("href"))!, url).href;
}

test("a publisher's pages, with ninety days of life", async ({ demo, page }) => {
  test.setTimeout(180_000);
  await logIn(page, demo.url, publisher);
  await expectCleanInAllSchemes(page, `${demo.url}/publisher`, "Overview");
  await expectCleanInAllSchemes(page, `${demo.url}/publisher/reports`, "Reports");
  await expectCleanInAllSchemes(page, `${demo.url}/publisher/links/new`, "Create a link");
  await expectCleanInAllSchemes(page, `${demo.url}/publisher/payouts`, "Payouts");
  await expectCleanInAllSchemes(page, `${demo.url}/publisher/coupons`, "Coupons");
  await expectCleanInAllSchemes(page, await receiptUrl(page, demo.url), "Receipt");
});

test("what everybody sees first", async ({ demo, page, newContext }) => {
  test.setTimeout(120_000);
  await expectCleanInAllSchemes(page, `${demo.url}/`, "Every conversion has a receipt.");
  await expectCleanInAllSchemes(page, `${demo.url}/log-in`, "Log in");
  await expectCleanInAllSchemes(page, `${demo.url}/campaigns`, "Campaigns");
  for (const [email, path] of [["advertiser1@demo.example", "/advertiser"], ["admin@demo.example", "/admin"]]) {
    const desk = await (await newContext()).newPage();
    await logIn(desk, demo.url, email);
    await expectCleanInAllSchemes(desk, `${demo.url}${path}`, "Overview");
  }
});

test("a campaign's form and its coupons", async ({ demo, page }) => {
  test.setTimeout(120_000);
  await logIn(page, demo.url, "advertiser1@demo.example");
  await page.goto(`${demo.url}/advertiser/campaigns`);
  await page.getByRole("link", { name: "Winter boots" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Winter boots");
  const campaign = page.url();
  await expectCleanInAllSchemes(page, `${campaign}/edit`, "Edit Winter boots");
  await expectCleanInAllSchemes(page, `${campaign}/coupons`, "Coupons");
});

test("a payout run", async ({ demo, page }) => {
  await logIn(page, demo.url, "admin@demo.example");
  await page.goto(`${demo.url}/admin/payouts`);
  await page.locator("a.row-link").first().click();
  await expect(page).toHaveURL(/\/admin\/payouts\/./);
  await expectCleanInAllSchemes(page, page.url(), /./);
});

test("a new publisher's pages, which say what to do first", async ({ server, page }) => {
  test.setTimeout(120_000);
  await page.goto(`${server.url}/sign-up?as=publisher`);
  await page.getByLabel("Company or site").fill("Garden Letters");
  await page.getByLabel("Your name").fill("Pia Publisher");
  await page.getByLabel("E-mail").fill("pia@garden.example");
  await page.getByLabel("Password", { exact: true }).fill("quiet otter paints fences");
  await page.getByRole("button", { name: "Sign up" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
  await expectCleanInAllSchemes(page, `${server.url}/publisher`, "Overview");
  await expectCleanInAllSchemes(page, `${server.url}/publisher/reports`, "Reports");
  await expectCleanInAllSchemes(page, `${server.url}/publisher/links`, "Links");
  await expectCleanInAllSchemes(page, `${server.url}/publisher/links/new`, "Create a link");
  await expect(page.getByRole("heading", { level: 2 })).toHaveText("Join a campaign first");
  await expectCleanInAllSchemes(page, `${server.url}/publisher/payouts`, "Payouts");
  await expectCleanInAllSchemes(page, `${server.url}/publisher/payout-details`, "Payout details");
  await expectCleanInAllSchemes(page, `${server.url}/publisher/coupons`, "Coupons");
  await expect(page.getByRole("heading", { level: 2 })).toHaveText("You have no coupon");
});

test("the receipt of an order that nobody brought, and a payout run in which nothing is payable", async (
  { server, shop, page, newContext },
) => {
  test.setTimeout(120_000);
  const [desk, office, visitor] = await Promise.all([1, 2, 3].map(async () => (await newContext()).newPage()));
  await people.logIn(office, server.url, admin);
  await expectCleanInAllSchemes(office, `${server.url}/admin/payouts`, "Payouts");
  await expect(office.getByRole("heading", { level: 2 })).toHaveText("No payout run yet");
  await people.signUp(desk, server.url, "advertiser", "Nordlicht Outdoor");
  await people.signUp(page, server.url, "publisher", "Garden Letters");
  const draft = { name: "Winter boots", landingPage: `${shop.url}/landing`, sale: "10", days: "7" };
  const campaign = await people.createCampaign(desk, server.url, draft);
  await people.submitCampaign(desk, server.url, campaign);
  await people.admitCampaign(office, server.url, draft.name);
  await people.apply(page, server.url, draft.name);
  await people.approvePublisher(desk, server.url, "Garden Letters", draft.name);
  await people.makeLink(page, server.url, campaign, "Newsletter");
  const link = await page.getByLabel("Link", { exact: true }).inputValue();

  // By itself: no click id, no cookie, and so no click and no trace of one.
  const order = { event: "sale", amount: "49.90", currency: "EUR" };
  const pixel = `${server.url}/pixel/${campaign}.gif`;
  const alone = new URLSearchParams({ order_id: "ALONE-1", ...order });
  expect((await desk.request.get(`${pixel}?${alone}`)).ok()).toBe(true);
  await desk.goto(`${server.url}/advertiser/conversions`);
  await desk.getByRole("link", { name: "ALONE-1" }).click();
  await expect(desk.locator(".receipt")).toContainText("unattributed");
  await expectCleanInAllSchemes(desk, desk.url(), "Receipt");
  await expect(desk.locator(".rail-links [aria-current]")).toHaveText("Conversions");

  // Pending: something has happened in EUR, and nothing of it can be paid yet.
  await visitor.goto(link);
  const brought = new URLSearchParams({ order_id: "BROUGHT-1", ...order });
  brought.set("click_id", new URL(visitor.url()).searchParams.get("click_id") ?? "");
  expect((await visitor.request.get(`${pixel}?${brought}`)).status()).toBe(201);
  await office.goto(`${server.url}/admin/payouts`);
  await office.getByRole("button", { name: "Propose a run in EUR" }).click();
  await expect(office).toHaveURL(/\/admin\/payouts\/./);
  await expect(office.getByRole("heading", { level: 2 })).toHaveText("Nothing is payable");
  await expectCleanInAllSchemes(office, office.url(), /^Run of /);
});

test("screenshots of the documentation", async ({ demo, page, isMobile }) => {
  test.skip(!process.env.TALLYSTICK_SCREENSHOTS, "TALLYSTICK_SCREENSHOTS=1 writes docs/screenshots");
  test.setTimeout(180_000);
  await logIn(page, demo.url, publisher);
  const pages = {
    overview: `${demo.url}/publisher`,
    report: `${demo.url}/publisher/reports`,
    "link-builder": `${demo.url}/publisher/links/new`,
    receipt: await receiptUrl(page, demo.url),
    payout: `${demo.url}/publisher/payouts`,
  };
  for (const [name, url] of Object.entries(pages)) {
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.goto(url);
      await page.evaluate(() => document.fonts.ready);
      if (name === "overview") await expect(page.locator(".live-region")).toHaveAttribute("data-live", "on");
      const path = `../docs/screenshots/${name}-${isMobile ? "phone" : "desktop"}-${colorScheme}.png`;
      await page.screenshot({ path, scale: "css" });
    }
  }
});
