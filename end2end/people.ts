// What people do, for journeys that need it done: each function is one person's act on one page, through its form.
// A journey keeps a browser page for each of its people and hands it in.

import { createHash, createHmac } from "node:crypto";
import { type Locator, type Page, expect } from "@playwright/test";
import type { Server } from "./server";

/** Long enough to be taken, and nobody's. */
export const PASSWORD = "quiet otter paints fences";

export type Kind = "publisher" | "advertiser";
export type LogIn = { email: string; password: string };

/** Signs a company up; the page then shows its overview. */
export async function signUp(page: Page, url: string, kind: Kind, company: string): Promise<LogIn> {
  const email = `${company.toLowerCase().replaceAll(" ", ".")}@parties.example`;
  await page.goto(`${url}/sign-up?as=${kind}`);
  await page.getByLabel("Company or site").fill(company);
  await page.getByLabel("Your name").fill(`Alex of ${company}`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign up" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
  return { email, password: PASSWORD };
}

export async function logIn(page: Page, url: string, person: LogIn): Promise<void> {
  await page.goto(`${url}/log-in`);
  await page.getByLabel("E-mail").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
}

/** A publisher says where it is paid, without which nobody is: to a PayPal account. */
export async function enterPayoutDetails(page: Page, url: string, person: LogIn): Promise<void> {
  await page.goto(`${url}/publisher/payout-details?method=paypal`);
  await page.getByLabel("PayPal address").fill(person.email);
  await page.getByLabel("Your password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Your payout details are stored.")).toBeVisible();
}

/** The admin admits a party that has applied. */
export async function admitParty(office: Page, url: string, company: string): Promise<void> {
  await office.goto(`${url}/admin/parties`);
  await office.getByRole("row", { name: company }).getByRole("button", { name: "Admit" }).click();
  await expect(office.getByText("The party is now admitted.")).toBeVisible();
}

export type Draft = {
  name: string;
  landingPage: string;
  /** Percent of the amount. */
  sale: string;
  /** A fixed amount for each; none unless told. */
  lead?: string;
  days: string;
};

/** An advertiser enters a campaign that publishers join by application, with no hold and no too-fast rule. */
export async function createCampaign(page: Page, url: string, draft: Draft): Promise<string> {
  await page.goto(`${url}/advertiser/campaigns/new`);
  await page.getByLabel("Name", { exact: true }).fill(draft.name);
  await page.getByLabel("Landing page").fill(draft.landingPage);
  await page.getByLabel("For a sale", { exact: true }).fill(draft.sale);
  if (draft.lead) await page.getByLabel("For a lead", { exact: true }).fill(draft.lead);
  await page.getByLabel("Cookie duration", { exact: true }).fill(draft.days);
  await page.getByLabel("Hold, days").fill("0");
  await page.getByLabel("Too fast, seconds").fill("0");
  await page.getByLabel("Terms for publishers").fill("No bids on our name.");
  await page.getByRole("button", { name: "Create campaign" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(draft.name);
  return page.url().split("/").pop()!;
}

export async function submitCampaign(page: Page, url: string, campaign: string): Promise<void> {
  await page.goto(`${url}/advertiser/campaigns/${campaign}`);
  await page.getByRole("button", { name: "Submit" }).click();
  await expect(page.locator(".page-head .status")).toHaveText("submitted");
}

export async function admitCampaign(office: Page, url: string, name: string): Promise<void> {
  await office.goto(`${url}/admin/campaigns`);
  const card = office.getByRole("article").filter({ has: office.getByRole("heading", { name, exact: true }) });
  await card.getByRole("button", { name: "Admit" }).click();
  await expect(office.getByText(`${name} is now live.`)).toBeVisible();
}

/** A publisher finds the campaign in the directory, reads its terms, accepts them and applies. */
export async function apply(page: Page, url: string, name: string): Promise<void> {
  await page.goto(`${url}/campaigns`);
  await page.getByRole("main").getByRole("link", { name, exact: true }).first().click();
  await expect(page.locator("#terms")).toContainText("No bids on our name.");
  await page.getByLabel("I accept the terms, version 1").check();
  await page.getByRole("button", { name: "Join this campaign" }).click();
  await expect(page.getByRole("status")).toHaveText(`You have applied to ${name}. The advertiser decides.`);
}

export async function approvePublisher(page: Page, url: string, company: string, campaign: string): Promise<void> {
  await page.goto(`${url}/advertiser/publishers`);
  const waiting = page.getByRole("region", { name: "Applications" });
  const row = waiting.getByRole("row").filter({ hasText: company }).filter({ hasText: campaign });
  await row.getByRole("button", { name: "Approve" }).click();
  const decided = page.getByRole("region", { name: "Decided" }).getByRole("row");
  await expect(decided.filter({ hasText: company }).filter({ hasText: campaign })).toContainText("approved");
}

/** A publisher makes a link; the page then shows it. */
export async function makeLink(page: Page, url: string, campaign: string, name: string): Promise<void> {
  await page.goto(`${url}/publisher/links/new?campaign=${campaign}`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Create the link" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
}

/** Copies as people do: with the button where scripts run, else by hand from the input. */
export async function copied(page: Page, label: string, hasScripts: boolean): Promise<string> {
  const input = page.getByLabel(label, { exact: true });
  await expect(input).toHaveAttribute("readonly");
  const text = await input.inputValue();
  const button = page.locator(".copy").filter({ has: input }).locator("button");
  if (!hasScripts) {
    await expect(button).toBeHidden();
    return text;
  }
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await button.click();
  await expect(button).toContainText("Copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  return text;
}

/** What an advertiser's integration page tells its programmers. */
export type Integration = { campaign: string; secret: string; pixel: string };

export async function readIntegration(page: Page, url: string, campaign: string): Promise<Integration> {
  await page.goto(`${url}/advertiser/campaigns/${campaign}/integration`);
  const locked = page.getByRole("link", { name: "Show the secret", exact: true });
  if (await locked.isVisible()) {
    await locked.click();
    await page.getByLabel("Your password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Confirm" }).click();
  }
  await page.getByText("Show the secret (version 1)").click();
  const secret = page.getByLabel("Secret", { exact: true });
  await expect(secret).toBeVisible();
  const pixel = await page.getByLabel("The pixel").innerText();
  return { campaign, secret: (await secret.innerText()).trim(), pixel: pixel.trim() };
}

/** What the shop shows after an order: the integration page's image, with this order in it. */
export function thankYouPage(integration: Integration, order: string, amount: string): string {
  const image = integration.pixel.replace("ORDER-1001", order).replace("amount=49.90", `amount=${amount}`);
  return `<!doctype html><html lang=en><title>Thank you</title><h1>Thank you for ${order}</h1>${image}`;
}

export type Answer = { status: number; outcome: string; duplicate: boolean; reason: string };

/** The shop's server reports an order: signed as its integration page says, with nothing of ours but the clock. */
export async function reportSigned(
  server: Server,
  { campaign, secret }: Integration,
  fields: Record<string, string>,
): Promise<Answer> {
  const ts = String(Math.floor(server.now().getTime() / 1000));
  const query = new URLSearchParams({ campaign, ...fields, ts }).toString();
  const body = createHash("sha256").update("").digest("hex");
  const sig = createHmac("sha256", secret).update([ts, "GET", "/postback", query, body].join("\n")).digest("hex");
  const response = await fetch(`${server.url}/postback?${query}&sig=${sig}`);
  const { outcome, duplicate, reason } = (await response.json()) as Partial<Answer>;
  return { status: response.status, outcome: outcome ?? "", duplicate: duplicate ?? false, reason: reason ?? "" };
}

/** A row of the advertiser's conversions. */
export async function conversionRow(page: Page, url: string, order: string | RegExp): Promise<Locator> {
  await page.goto(`${url}/advertiser/conversions`);
  const row = page.getByRole("region", { name: "Conversions" }).getByRole("row").filter({ hasText: order });
  await expect(row).toHaveCount(1);
  return row;
}

export async function approveConversion(page: Page, url: string, order: string | RegExp): Promise<void> {
  const row = await conversionRow(page, url, order);
  await row.getByRole("button", { name: /^Approve/ }).click();
  await expect(page.getByText("The conversion is approved.")).toBeVisible();
}

/** Rejects for a reason, chosen by its sentence. */
export async function rejectConversion(page: Page, url: string, order: string, reason: string): Promise<void> {
  const row = await conversionRow(page, url, order);
  await row.getByText("Reject", { exact: true }).click();
  await row.getByLabel("Reason").selectOption({ label: reason });
  await row.getByRole("button", { name: /^Reject/ }).click();
  await expect(page.getByRole("row").filter({ hasText: order })).toContainText(`${reason}.`);
}

/** The figures of a page's tiles, by their words. */
export async function figuresOn(page: Page): Promise<Record<string, string>> {
  const parts = [".kpi-label", ".kpi-value"];
  const pairs = await page.locator(".kpi").evaluateAll(
    (tiles, parts) => tiles.map((tile) => parts.map((part) => tile.querySelector(part)?.textContent?.trim() ?? "")),
    parts,
  );
  return Object.fromEntries(pairs);
}

/** The ledger's accounts, `Garden Letters pending` with its balance; they sum to zero. */
export async function accountsOf(office: Page, url: string): Promise<Record<string, string>> {
  await office.goto(`${url}/admin/ledger`);
  await expect(office.getByText("All EUR accounts sum to zero.")).toBeVisible();
  const rows = await office.getByRole("region", { name: "Accounts" }).locator("tbody tr").evaluateAll((rows) =>
    rows.map((row) => Array.from(row.children, (cell) => cell.textContent?.trim() ?? "")),
  );
  return Object.fromEntries(rows.map(([party, account, balance]) => [`${party} ${account}`, balance]));
}

/** An admin books what an advertiser paid. */
export async function bookDeposit(
  office: Page,
  url: string,
  company: string,
  amount: string,
  reference: string,
): Promise<void> {
  await office.goto(`${url}/admin/deposits`);
  await office.getByLabel("Advertiser").selectOption({ label: company });
  await office.getByLabel("Amount").fill(amount);
  await office.getByLabel("The bank's reference").fill(reference);
  await office.getByRole("button", { name: "Book" }).click();
  await expect(office.getByText(`${amount} EUR is booked.`)).toBeVisible();
}

/** The lines of a receipt that its reader may see whole; it must come out the same when it is computed again. */
export async function readReceipt(page: Page, address: string): Promise<Record<string, string>> {
  await page.goto(address);
  await expect(page.locator(".recomputed.ok")).toContainText("same decision, same commission");
  const lines = await page.locator(".receipt .leader").evaluateAll((lines) =>
    lines.map((line) => ["dt", "dd"].map((part) => line.querySelector(part)?.textContent?.trim() ?? "")),
  );
  // The publisher sees the end of the shop's order id.
  return Object.fromEntries(lines.filter(([name, text]) => text !== "hidden from you" && name !== "Order id"));
}
