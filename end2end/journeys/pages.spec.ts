// The main pages, full and empty, light and dark: no violation of WCAG 2.2 AA that a machine can find, and nothing to
// scroll sideways. Where a run asks for them, the screenshots of the documentation are made of the same pages.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, logIn, test } from "../demo";

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const schemes = ["light", "dark"] as const;
const publisher = "publisher1@demo.example";

test.skip(({ javaScriptEnabled }) => javaScriptEnabled === false, "axe needs JavaScript in the page");
test.use({ serverOptions: { admission: "auto" } });

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
  await expectCleanInAllSchemes(page, await receiptUrl(page, demo.url), "Receipt");
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
  await expectCleanInAllSchemes(page, `${server.url}/publisher/payouts`, "Payouts");
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
      const path = `../docs/screenshots/${name}-${isMobile ? "phone" : "desktop"}-${colorScheme}.png`;
      await page.screenshot({ path, scale: "css" });
    }
  }
});
