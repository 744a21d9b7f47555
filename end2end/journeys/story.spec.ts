// One exact life of the network, as its people live it in their browsers: at every width, with and without JavaScript.
// The figures stand in tests/fixtures/story.expected.json, the numbers of the steps are those of tests/it/story.rs.
//
// An ordinary browser sends no third-party cookies, so every pixel here arrives without its campaign's cookie: it is
// stored, tells nothing, and the signed report attributes the order all the same. The last test is the other browser.

import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { admin, test, expect } from "../fixtures";
import { clicksOf } from "../market";
import * as people from "../people";
import type { Server } from "../server";
import type { Shop } from "../shop";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const start = new Date("2026-03-02T10:00:00Z");
const companies = { advertiser: "Nordlicht Outdoor", a: "Garden Letters", b: "Trail Notes" };
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

type Figures = Record<string, string>;
type Expected = {
  reports: Record<string, [number, string, boolean, string]>;
  figures: Record<string, Figures>;
  publishers: Record<string, Record<string, Figures>>;
  owes: Figures;
  carried: string;
};

const expected = JSON.parse(
  await readFile(new URL("../../tests/fixtures/story.expected.json", import.meta.url), "utf8"),
) as Expected;

const told = (act: string): people.Answer => {
  const [status, outcome, duplicate, reason] = expected.reports[act];
  return { status, outcome, duplicate, reason };
};

const inEuro = (figures: Figures): Figures =>
  Object.fromEntries(Object.entries(figures).map(([name, amount]) => [name, `${amount} EUR`]));

/** A visitor reads a page on which a publisher has placed its link, and clicks it; the shop receives the click id. */
async function click(visitor: Page, shop: Shop, link: string): Promise<string> {
  shop.setPage("/review", `<!doctype html><html lang=en><title>Review</title><h1>Boots</h1><a href="${link}">Buy</a>`);
  await visitor.goto(`${shop.url}/review`);
  await visitor.getByRole("link", { name: "Buy" }).click();
  await visitor.waitForURL(/\/welcome/);
  const landed = new URL(visitor.url());
  expect(landed.origin).toBe(shop.url);
  return landed.searchParams.get("click_id") ?? "";
}

/** The shop's landing page with the campaign's script, as its integration page prints it. */
async function scriptPage(advertiser: Page, url: string, campaign: string): Promise<string> {
  await advertiser.goto(`${url}/advertiser/campaigns/${campaign}/integration`);
  const script = await advertiser.getByLabel("The script on your pages").innerText();
  return `<!doctype html><html lang=en><title>Welcome</title><h1>Welcome</h1>${script}`;
}

/** The campaign's cookie in this browser; its life is counted by the browser's own clock. */
async function campaignCookie(visitor: Page, server: Server, campaign: string, ageSeconds: number) {
  const cookies = await visitor.context().cookies(server.url);
  const cookie = cookies.find(({ name }) => name.endsWith(campaign));
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: "None", path: "/" });
  expect(Math.abs(cookie!.expires - Date.now() / 1000 - ageSeconds)).toBeLessThan(60);
  return cookie!;
}

/** A visitor sees the shop's thank-you page, whose pixel reports the order. */
async function order(visitor: Page, shop: Shop, campaign: people.Integration, orderId: string, amount: string) {
  shop.setPage("/thanks", people.thankYouPage(campaign, orderId, amount));
  const answered = visitor.waitForResponse((response) => response.url().includes("/pixel/"));
  await visitor.goto(`${shop.url}/thanks`);
  const response = await answered;
  const cookie = (await response.request().allHeaders()).cookie ?? "";
  return { status: response.status(), reason: (await response.headerValue("reason-code")) ?? "", cookie };
}

/** What was no click leaves no id at the shop, whose last page this is, and no cookie here. */
async function expectNoClick(visitor: Page, server: Server, shop: Shop, lastPage: string): Promise<void> {
  expect(shop.requests.at(-1)).toBe(lastPage);
  expect(await visitor.context().cookies(server.url)).toEqual([]);
}

type People = Record<"advertiser" | "a" | "b" | "office", Page>;

/** Sessions end when they were idle too long: after a leap of the clock everybody logs in again. */
async function leap(server: Server, time: Date, pages: People, logIns: Record<keyof People, people.LogIn>) {
  await server.setTime(time);
  for (const who of ["advertiser", "a", "b", "office"] as const) {
    await people.logIn(pages[who], server.url, logIns[who]);
  }
}

/** The balances after a step, as the ledger and the publishers' own pages show them. */
async function expectFigures(step: string, url: string, { a, b, office }: People): Promise<void> {
  expect(await people.accountsOf(office, url), `step ${step}`).toMatchObject(inEuro(expected.figures[step]));
  for (const [page, company] of [[a, companies.a], [b, companies.b]] as const) {
    await page.goto(`${url}/publisher/payouts`);
    const figures = inEuro(expected.publishers[step][company]);
    const shown = await people.figuresOn(page);
    // With a hold of no days, what is approved and funded becomes payable at the network's next look: whenever that is.
    if ("Approved" in figures) shown.Approved = sumOf(shown.Approved, shown.Payable);
    expect(shown, `step ${step}, ${company}`).toMatchObject(figures);
  }
}

/** Adds amounts such as "4.99 EUR", in cents. */
function sumOf(...amounts: string[]): string {
  const cents = amounts.reduce((sum, amount) => sum + Math.round(Number.parseFloat(amount) * 100), 0);
  return `${(cents / 100).toFixed(2)} EUR`;
}

// The story's payouts: from 5.00 on, and due at the end of the month in which they were approved.
const environment = { PAYOUT_NET_DAYS: "0", PAYOUT_THRESHOLD_MINOR: "500" };

test.use({ serverOptions: { admin, admission: "manual", time: start, environment } });

test("the story", async ({ server, shop, page, newContext, guard, javaScriptEnabled }) => {
  test.setTimeout(180_000);
  const url = server.url;
  const hasScripts = javaScriptEnabled !== false;
  const further = async (userAgent?: string) => (await newContext(userAgent ? { userAgent } : {})).newPage();
  const pages: People = { advertiser: page, a: await further(), b: await further(), office: await further() };
  const { advertiser, a, b, office } = pages;
  const [v1, v2, stranger] = [await further(), await further(firefox), await further()];

  const logIns = await test.step("everybody signs up and is admitted", async () => {
    const logIns = {
      office: admin,
      advertiser: await people.signUp(advertiser, url, "advertiser", companies.advertiser),
      a: await people.signUp(a, url, "publisher", companies.a),
      b: await people.signUp(b, url, "publisher", companies.b),
    };
    await people.logIn(office, url, admin);
    for (const company of Object.values(companies)) await people.admitParty(office, url, company);
    await people.enterPayoutDetails(a, url, logIns.a);
    await people.enterPayoutDetails(b, url, logIns.b);
    return logIns;
  });

  const [w, x] = await test.step("two campaigns go live", async () => {
    const landingPage = `${shop.url}/welcome`;
    const ids: string[] = [];
    for (const draft of [
      { name: "Campaign W", landingPage, sale: "10", lead: "2.50", days: "7" },
      { name: "Campaign X", landingPage, sale: "10", days: "7" },
    ]) {
      const id = await people.createCampaign(advertiser, url, draft);
      await people.submitCampaign(advertiser, url, id);
      await people.admitCampaign(office, url, draft.name);
      ids.push(id);
    }
    return ids;
  });

  const links = await test.step("publishers join and make links", async () => {
    for (const [publisher, company] of [[a, companies.a], [b, companies.b]] as const) {
      for (const campaign of ["Campaign W", "Campaign X"]) {
        await people.apply(publisher, url, campaign);
        await people.approvePublisher(advertiser, url, company, campaign);
      }
    }
    const make = async (publisher: Page, campaign: string) => {
      await people.makeLink(publisher, url, campaign, "Newsletter");
      const link = await people.copied(publisher, "Link", hasScripts);
      expect(link).toMatch(new RegExp(`^${url}/c/[0-9A-Za-z]{10}$`));
      return link;
    };
    return { aw: await make(a, w), bw: await make(b, w), bx: await make(b, x) };
  });

  const shopW = await people.readIntegration(advertiser, url, w);
  const signed = (fields: Record<string, string>) => people.reportSigned(server, shopW, fields);
  const euros = (order_id: string, amount: string) => ({ order_id, amount, currency: "EUR" });

  const newest = await test.step("1 to 5: clicks, and a landing", async () => {
    if (hasScripts) shop.setPage("/welcome", await scriptPage(advertiser, url, w));
    const landed = hasScripts && v1.waitForResponse((response) => response.url().endsWith("/landing"));
    const first = await click(v1, shop, links.aw);
    expect((await campaignCookie(v1, server, w, 604_800)).value).toBe(first);
    if (landed) {
      expect((await landed).status()).toBe(201);
      const again = { campaign: w, click_id: first, path: "/welcome" };
      const repeated = await v1.request.post(`${url}/landing`, { form: again, headers: { origin: shop.url } });
      expect(repeated.status(), "a second report changes nothing").toBe(200);
      expect(await clicksOf(a, url)).toMatchObject({ gross: 1, with_id: 1, landed: 1 });
      shop.setPage("/welcome", `<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>`);
    }
    await server.advance(120_000);
    const second = await click(v1, shop, links.aw);
    const refreshed = await campaignCookie(v1, server, w, 604_800);
    expect(refreshed.value.split(".")).toHaveLength(2);
    expect(refreshed.value.startsWith(second)).toBe(true);
    await click(v1, shop, links.bx);
    await campaignCookie(v1, server, x, 604_800);
    expect(await campaignCookie(v1, server, w, 604_800)).toEqual(refreshed);
    await server.advance(HOUR_MS);
    return click(v1, shop, links.bw);
  });

  await test.step("6, 7: two orders of V1, the pixel first and last", async () => {
    const blocked = { status: told("o3_pixel").status, reason: "no_evidence", cookie: "" };
    expect(await order(v1, shop, shopW, "ORDER-O1", "49.90")).toEqual(blocked);
    expect(await signed({ click_id: newest, ...euros("ORDER-O1", "49.90") })).toEqual(told("o3_signed"));
    expect(await signed({ click_id: newest, ...euros("ORDER-O2", "20.00") })).toEqual(told("o2_signed"));
    expect(await order(v1, shop, shopW, "ORDER-O2", "20.00")).toEqual({ ...blocked, status: 200, reason: "" });
  });

  const clickedAt = server.now().getTime();
  const ofV2 = await test.step("8, 9, 10: two orders and a lead of V2", async () => {
    const click_id = await click(v2, shop, links.aw);
    const pixel = { status: told("o3_pixel").status, reason: told("o3_pixel").reason };
    expect(await order(v2, shop, shopW, "ORDER-O3", "30.00")).toMatchObject(pixel);
    expect(await signed({ click_id, ...euros("ORDER-O3", "30.00") })).toEqual(told("o3_signed"));
    expect(await order(stranger, shop, shopW, "ORDER-O4", "0.01")).toMatchObject(pixel);
    expect(await signed({ click_id, ...euros("ORDER-O4", "80.00") })).toEqual(told("o4_signed"));
    for (const act of ["lead", "lead_again"]) expect(await signed({ click_id, event: "lead" })).toEqual(told(act));
    return click_id;
  });

  await test.step("11: what is no click", async () => {
    const googlebot = await further(crawler);
    expect(await click(googlebot, shop, links.aw)).toBe("");
    await expectNoClick(googlebot, server, shop, "/welcome");
    // The browser says on the console that the answer is no image for another site.
    guard.expectProblem(/ERR_BLOCKED_BY_RESPONSE/);
    for (const [hidden, lastPage] of [
      [`<iframe src="${links.aw}" hidden></iframe>`, "/welcome"],
      [`<img src="${links.aw}" alt="">`, "/stuffed"],
    ]) {
      const reader = await further();
      shop.setPage("/stuffed", `<!doctype html><html lang=en><title>Stuffed</title>${hidden}`);
      const asked = reader.waitForRequest(links.aw);
      await reader.goto(`${shop.url}/stuffed`);
      await asked;
      await expectNoClick(reader, server, shop, lastPage);
    }
  });

  await test.step("12, 13: what comes late, and a shorter cookie duration", async () => {
    await leap(server, new Date(clickedAt + 7 * DAY_MS + 2 * HOUR_MS), pages, logIns);
    const occurred_at = new Date(clickedAt + 7 * DAY_MS - HOUR_MS).toISOString();
    expect(await signed({ click_id: ofV2, ...euros("TEST-T1", "10.00"), occurred_at, test: "1" })).toEqual(told("t1"));
    expect(await signed({ click_id: ofV2, ...euros("ORDER-O5", "60.00") })).toEqual(told("o5"));
    await advertiser.goto(`${url}/advertiser/campaigns/${x}/edit`);
    await advertiser.getByLabel("Cookie duration", { exact: true }).fill("1");
    await advertiser.getByRole("button", { name: "Save" }).click();
    await expect(advertiser.getByText("Version 2 of the terms is in force")).toBeVisible();
    await click(v1, shop, links.bx);
    await campaignCookie(v1, server, x, 86_400);
    await expectFigures("13", url, pages);
    // V1 counts once for A's link to W, and what was no click never.
    await advertiser.goto(`${url}/advertiser`);
    const clicks = advertiser.locator(".kpi").filter({ hasText: "Unique clicks" });
    await expect(clicks.locator(".kpi-value")).toHaveText("5");
    await expect(clicks).toContainText("9 gross");
  });

  await test.step("14: the advertiser reviews", async () => {
    await people.rejectConversion(advertiser, url, "ORDER-O2", "the order was cancelled");
    for (const orderId of ["ORDER-O1", "ORDER-O3", "ORDER-O4", "click:"]) {
      await people.approveConversion(advertiser, url, orderId);
    }
    await expectFigures("14", url, pages);
    await advertiser.goto(`${url}/advertiser/balance`);
    expect((await people.figuresOn(advertiser))["You owe"]).toBe(`${expected.owes["14"]} EUR`);
  });

  await test.step("15: the advertiser has paid, and the admin books it", async () => {
    await people.bookDeposit(office, url, companies.advertiser, expected.owes["14"], "SEPA 1");
    await expectFigures("15", url, pages);
  });

  await test.step("16: a payout run", async () => {
    await leap(server, new Date("2026-04-01T08:00:00Z"), pages, logIns);
    await office.goto(`${url}/admin/payouts`);
    await office.getByRole("button", { name: "Propose a run in EUR" }).click();
    await expect(office.getByRole("row", { name: companies.b })).toContainText(expected.carried);
    await office.getByRole("button", { name: "Approve 1 payout, 13.50 EUR" }).click();
    await office.getByLabel("The bank's reference").fill("SEPA-2026-04");
    await office.getByRole("button", { name: "Mark as paid" }).click();
    await expect(office.getByText("The payout is paid.")).toBeVisible();
    await expectFigures("16", url, pages);
    await expect(a.getByText("reference SEPA-2026-04")).toBeVisible();
    await expect(b.getByText(expected.carried)).toBeVisible();
  });

  await test.step("17: everybody opens the receipts", async () => {
    const ofOrder = { "ORDER-O1": b, "ORDER-O2": b, "ORDER-O3": a, "ORDER-O4": a, "click:": a };
    for (const [orderId, publisher] of Object.entries(ofOrder)) {
      const row = await people.conversionRow(advertiser, url, orderId);
      const path = await row.getByRole("link", { name: orderId }).getAttribute("href");
      const sheets = [];
      for (const reader of [publisher, advertiser, office]) sheets.push(await people.readReceipt(reader, url + path!));
      const shared = Object.keys(sheets[0]).filter((field) => sheets.every((sheet) => field in sheet));
      expect(shared).toEqual(expect.arrayContaining(["Happened", "Amount", "Evidence", "Commission"]));
      for (const field of shared) {
        expect(new Set(sheets.map((sheet) => sheet[field])), `${orderId}, ${field}`).toHaveProperty("size", 1);
      }
    }
  });
});

test.describe("where third-party cookies pass", () => {
  // What a browser sends does not depend on its width, nor on scripts: one of them proves it.
  test.skip(({ isMobile, javaScriptEnabled }) => isMobile || javaScriptEnabled === false, "the same at every width");
  test.use({ serverOptions: { admin, admission: "auto", time: start } });

  // The pixel is a cross-site request, and browsers send only `SameSite=None` cookies with it: under `Lax` or `Strict`
  // (`cookie.rs`) it would come without one here, too, be answered 202 `no_evidence`, and this test would fail.
  test("the pixel alone attributes the order", async ({ server, shop, page, newContext, tolerantContext }) => {
    const url = server.url;
    const [publisher, office] = [await (await newContext()).newPage(), await (await newContext()).newPage()];
    await people.signUp(page, url, "advertiser", companies.advertiser);
    await people.signUp(publisher, url, "publisher", companies.a);
    await people.logIn(office, url, admin);
    const draft = { name: "Campaign W", landingPage: `${shop.url}/welcome`, sale: "10", days: "7" };
    const campaign = await people.createCampaign(page, url, draft);
    await people.submitCampaign(page, url, campaign);
    await people.admitCampaign(office, url, draft.name);
    await people.apply(publisher, url, draft.name);
    await people.approvePublisher(page, url, companies.a, draft.name);
    await people.makeLink(publisher, url, campaign, "Newsletter");
    const link = await people.copied(publisher, "Link", true);
    const integration = await people.readIntegration(page, url, campaign);

    const visitor = await tolerantContext.newPage();
    const id = await click(visitor, shop, link);
    const pixel = await order(visitor, shop, integration, "ORDER-O1", "49.90");
    expect(pixel).toMatchObject({ status: told("o1_pixel").status, reason: "" });
    expect(pixel.cookie).toContain(id);

    const row = await people.conversionRow(page, url, "ORDER-O1");
    for (const text of [companies.a, "4.99 EUR", "unverified", "pending"]) await expect(row).toContainText(text);
    await publisher.goto(`${url}/publisher/payouts`);
    expect((await people.figuresOn(publisher)).Pending).toBe("4.99 EUR");
  });
});
