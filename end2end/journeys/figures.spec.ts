// Figures: a click is on the publisher's open page at once, a conversion has its receipt, reports are URLs.

import { type Page } from "@playwright/test";
import { admin, test, expect } from "../fixtures";

const password = "quiet otter paints fences";

test.use({ serverOptions: { admin, admission: "auto" } });

/** Sends a form as a page does, with the cookies of that page's browser. */
async function send(page: Page, origin: string, path: string, form: Record<string, string>): Promise<string> {
  const answer = await page.request.post(`${origin}${path}`, { form, headers: { origin, accept: "text/html" } });
  expect(answer.status(), `${path}: ${await answer.text()}`).toBe(200);
  return answer.url();
}

async function signUp(page: Page, origin: string, kind: string, name: string): Promise<void> {
  const email = `${kind}@parties.example`;
  const party = { kind, party_name: name, website: "", name: "Some Body", email, password, time_zone: "Europe/Berlin" };
  await send(page, origin, "/api/sign_up", party);
}

/** A form's button, wherever it stands on the page. */
const press = (page: Page, action: string, name: RegExp) =>
  page.locator(`form[action="${action}"]`).getByRole("button", { name }).first().click();

/** A live campaign, a publisher in it, and the publisher's link; `page` is the publisher's. */
async function network(page: Page, shop: Page, office: Page, origin: string, landing: string) {
  await signUp(shop, origin, "advertiser", "Nordlicht Outdoor");
  const draft: Record<string, string> = {
    name: "Winter boots", description: "Boots for the cold.", category: "Outdoor", landing_url: landing,
    allowed_hosts: new URL(landing).host, landing_parameter: "click_id", approval: "automatic", currency: "EUR",
    sale_rate: "10", sale_unit: "percent", lead_rate: "", lead_unit: "fixed", window: "7", window_unit: "days",
    validation_days: "30", hold_days: "0", too_fast_seconds: "0", terms_text: "No bids on our name.",
  };
  const fields = Object.fromEntries(Object.entries(draft).map(([name, value]) => [`draft[${name}]`, value]));
  const place = await send(shop, origin, "/api/create_campaign", fields);
  const campaign = place.split("/").pop() ?? "";
  await shop.goto(place);
  await press(shop, "/api/submit_campaign", /./);
  await send(office, origin, "/api/log_in", admin);
  await office.goto(`${origin}/admin/campaigns`);
  await press(office, "/api/decide_campaign", /live|admit|approve/i);
  await signUp(page, origin, "publisher", "Garden Letters");
  await page.goto(`${origin}/campaigns/${campaign}`);
  await page.locator('form[action="/api/apply_to_campaign"] input[type="checkbox"]').check();
  await press(page, "/api/apply_to_campaign", /./);
  await page.goto(`${origin}/publisher/links`);
  const link = /\/c\/[0-9A-Za-z]{8,12}/.exec(await page.content())?.[0] ?? "";
  expect(link).not.toBe("");
  return { campaign, link };
}

test("a click is counted before one's eyes, and a conversion opens its receipt", async (
  { server, shop, page, newContext, javaScriptEnabled },
) => {
  const [desk, office, visitor] = await Promise.all([1, 2, 3].map(async () => (await newContext()).newPage()));
  const { campaign, link } = await network(page, desk, office, server.url, `${shop.url}/landing`);

  await page.goto(`${server.url}/publisher`);
  const counter = page.locator(".live");
  await expect(counter).toContainText("0 clicks in the last 5 minutes");
  await expect(page.locator(".live-region")).toHaveAttribute("data-live", javaScriptEnabled ? "on" : "off");
  await expect(counter.getByText("live", { exact: true })).toBeVisible({ visible: javaScriptEnabled });
  await expect(counter.getByText(/as of \d\d:\d\d:\d\d/)).toBeVisible({ visible: !javaScriptEnabled });
  await visitor.goto(`${server.url}${link}`);
  const clickId = new URL(visitor.url()).searchParams.get("click_id") ?? "";
  expect(clickId).toHaveLength(44);
  if (!javaScriptEnabled) await counter.getByRole("link", { name: "refresh" }).click();
  await expect(counter).toContainText("1 click in the last 5 minutes");

  const order = new URLSearchParams({ order_id: "ORDER-4711", event: "sale", amount: "49.90", currency: "EUR", click_id: clickId });
  const pixel = await visitor.request.get(`${server.url}/pixel/${campaign}.gif?${order}`);
  expect(pixel.status()).toBe(201);
  if (!javaScriptEnabled) await page.reload();
  await expect(page.locator(".kpi").filter({ hasText: "Earnings" })).toContainText("4.99 EUR");
  await page.getByRole("link", { name: "\u20264711" }).click();
  await expect(page.locator(".recomputed")).toContainText("same decision, same commission");
  await expect(page.locator("main")).toContainText("hidden from you");
  const receipt = page.url();
  for (const other of [desk, office]) {
    await other.goto(receipt);
    await expect(other.locator(".receipt")).toContainText("ORDER-4711");
    await expect(other.locator(".recomputed.ok")).toBeVisible();
  }
});

test("where the live stream is blocked, figures are true at the time they name, and a reload renews them", async (
  { server, shop, page, newContext, guard, javaScriptEnabled },
) => {
  test.skip(javaScriptEnabled === false, "without scripts there is no stream to block");
  // The browser reports each connection that is refused.
  guard.expectProblem(/\/live\/publisher: .*ERR_FAILED/);
  const [desk, office, visitor] = await Promise.all([1, 2, 3].map(async () => (await newContext()).newPage()));
  const { link } = await network(page, desk, office, server.url, `${shop.url}/landing`);
  const open = await page.context().newPage();
  await open.goto(`${server.url}/publisher`);
  await expect(open.locator(".live-region")).toHaveAttribute("data-live", "on");

  const blocked = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/live/publisher"));
  await page.route("**/live/**", (route) => route.abort());
  await page.goto(`${server.url}/publisher`);
  await blocked;
  const [counter, elsewhere] = [page.locator(".live"), open.locator(".live")];
  await visitor.goto(`${server.url}${link}`);
  // The open page has heard of it: whatever the blocked one still could hear, it would have heard by now.
  await expect(elsewhere).toContainText("1 click in the last 5 minutes");
  await expect(counter).toContainText("0 clicks in the last 5 minutes");
  await expect(page.locator(".live-region")).toHaveAttribute("data-live", "off");
  await expect(counter.getByText(/as of \d\d:\d\d:\d\d/)).toBeVisible();
  await expect(counter.getByText("live", { exact: true })).toBeHidden();
  await page.reload();
  await expect(counter).toContainText("1 click in the last 5 minutes");
  await expect(counter.getByText(/as of \d\d:\d\d:\d\d/)).toBeVisible();

  // Let through again, the page hears the next click by itself: the browser keeps trying, and nobody reloads.
  await page.unroute("**/live/**");
  await visitor.goto(`${server.url}${link}`);
  await expect(counter).toContainText("2 clicks in the last 5 minutes");
  await expect(page.locator(".live-region")).toHaveAttribute("data-live", "on");
  await expect(counter.getByText(/as of/)).toBeHidden();
});

test("a link whose figures are renewed between the press and the release of the button leads on all the same", async (
  { server, shop, page, newContext, javaScriptEnabled },
) => {
  test.skip(javaScriptEnabled === false, "without scripts nothing is renewed");
  const [desk, office, visitor] = await Promise.all([1, 2, 3].map(async () => (await newContext()).newPage()));
  const { link } = await network(page, desk, office, server.url, `${shop.url}/landing`);
  await page.goto(`${server.url}/publisher`);
  await expect(page.locator(".live-region")).toHaveAttribute("data-live", "on");
  const counter = page.locator(".live");
  await visitor.goto(`${server.url}${link}`);
  await expect(counter).toContainText("1 click in the last 5 minutes");

  await page.locator(".live-region tbody").getByRole("link").first().hover();
  await page.mouse.down();
  const renewed = page.waitForResponse((response) => response.url().includes("live_overview"));
  await visitor.goto(`${server.url}${link}`);
  await (await renewed).finished();
  await expect(counter).toContainText("1 click in the last 5 minutes");
  await page.mouse.up();
  await expect(page).not.toHaveURL(/\/publisher$/);
});

test("a press beside a link holds nothing back", async ({ server, shop, page, newContext, javaScriptEnabled }) => {
  test.skip(javaScriptEnabled === false, "without scripts nothing is renewed");
  const [desk, office, visitor] = await Promise.all([1, 2, 3].map(async () => (await newContext()).newPage()));
  const { link } = await network(page, desk, office, server.url, `${shop.url}/landing`);
  await page.goto(`${server.url}/publisher`);
  await expect(page.locator(".live-region")).toHaveAttribute("data-live", "on");
  const counter = page.locator(".live");
  await counter.hover();
  await page.mouse.down();
  const renewed = page.waitForResponse((response) => response.url().includes("live_overview"));
  await visitor.goto(`${server.url}${link}`);
  await (await renewed).finished();
  await page.mouse.up();
  await expect(counter).toContainText("1 click in the last 5 minutes");
});

test("a report is a form that makes a URL", async ({ server, shop, page, newContext }) => {
  const [desk, office, visitor] = await Promise.all([1, 2, 3].map(async () => (await newContext()).newPage()));
  const { link } = await network(page, desk, office, server.url, `${shop.url}/landing`);
  for (let visit = 0; visit < 2; visit += 1) await visitor.goto(`${server.url}${link}`);
  await page.goto(`${server.url}/publisher/reports`);
  await page.getByLabel("Period").selectOption("7d");
  await page.getByLabel("Rows by").selectOption("campaign");
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/range=7d.*by=campaign/);
  const total = page.getByRole("region", { name: "Figures by campaign" }).locator("tfoot tr");
  await expect(total.locator("td").nth(0)).toHaveText("2");
  await expect(total.locator("td").nth(1)).toHaveText("1");
  await expect(total.locator("td").nth(2)).toHaveText("1");
  await expect(page.getByRole("img", { name: /Unique clicks per day/ }).first()).toBeAttached();
  await page.locator("tbody").getByRole("link", { name: "Winter boots" }).click();
  await expect(page.locator(".chips")).toContainText("Winter boots");
  await page.locator(".chips").getByRole("link", { name: "Remove" }).click();
  await expect(page.locator(".chips")).toHaveCount(0);
  const csv = await page.request.get(`${server.url}/reports.csv?as=publisher&by=campaign`);
  expect(await csv.text()).toContain("Winter boots,");
  const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(width, "the page does not scroll sideways").toBeLessThanOrEqual(0);
});
