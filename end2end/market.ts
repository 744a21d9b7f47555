// A market that is open: one campaign, one publisher in it, one link, made by its people through the product's pages.

import type { BrowserContext, Page } from "@playwright/test";
import { expect } from "@playwright/test";
import { admin } from "./fixtures";
import * as people from "./people";
import type { Server } from "./server";
import type { Shop } from "./shop";

export type Market = {
  advertiser: Page;
  publisher: Page;
  office: Page;
  campaign: string;
  link: string;
};

/** Needs a server that admits at once, and knows the admin. The landing page is the shop's `/welcome`. */
export async function openMarket(
  server: Server,
  shop: Shop,
  newContext: () => Promise<BrowserContext>,
  days = "7",
): Promise<Market> {
  const url = server.url;
  const page = async () => (await newContext()).newPage();
  const [advertiser, publisher, office] = [await page(), await page(), await page()];
  await people.signUp(advertiser, url, "advertiser", "Nordlicht Outdoor");
  await people.signUp(publisher, url, "publisher", "Garden Letters");
  await people.logIn(office, url, admin);
  const draft = { name: "Winter boots", landingPage: `${shop.url}/welcome`, sale: "10", lead: "2.50", days };
  const campaign = await people.createCampaign(advertiser, url, draft);
  await people.submitCampaign(advertiser, url, campaign);
  await people.admitCampaign(office, url, draft.name);
  await people.apply(publisher, url, draft.name);
  await people.approvePublisher(advertiser, url, "Garden Letters", draft.name);
  await people.makeLink(publisher, url, campaign, "Newsletter");
  const link = await publisher.getByLabel("Link", { exact: true }).inputValue();
  return { advertiser, publisher, office, campaign, link };
}

/** The totals of the report's file: every click so far, by its column. */
export async function clicksOf(publisher: Page, url: string): Promise<Record<string, number>> {
  const answer = await publisher.request.get(`${url}/reports.csv?as=publisher&by=link&range=all`);
  expect(answer.status()).toBe(200);
  const [head, ...rows] = (await answer.text()).trim().split("\r\n").map((line) => line.split(","));
  const columns = head.filter((name) => name.startsWith("clicks_"));
  const sum = (name: string) => rows.reduce((all, row) => all + Number(row[head.indexOf(name)]), 0);
  return Object.fromEntries(columns.map((name) => [name.replace("clicks_", ""), sum(name)]));
}

/** "15 of 20, 75.0 %": the share of the publisher's clicks that a person's gesture led to. */
export async function gesturesOf(advertiser: Page, url: string): Promise<string> {
  await advertiser.goto(`${url}/advertiser/publishers`);
  const region = advertiser.getByRole("region", { name: "Quality of clicks" });
  return (await region.locator('tbody tr td[data-label="With a gesture"]').first().innerText()).trim();
}
