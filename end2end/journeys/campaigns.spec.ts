// A campaign from its form to its admission, and what its advertiser needs to report: at every width, with and without
// JavaScript.

import type { Page } from "@playwright/test";
import { admin, test, expect } from "../fixtures";

const password = "quiet otter paints fences";

async function signUp(page: Page, url: string, company: string, email: string): Promise<void> {
  await page.goto(`${url}/sign-up?as=advertiser`);
  await page.getByLabel("Company or site").fill(company);
  await page.getByLabel("Your name").fill("Ada Advertiser");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
}

async function logInAsAdmin(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/log-in`);
  await page.getByLabel("E-mail").fill(admin.email);
  await page.getByLabel("Password", { exact: true }).fill(admin.password);
  await page.getByRole("button", { name: "Log in" }).click();
}

test("a campaign is created, submitted, declined, changed, submitted again and admitted", async ({
  server,
  page,
  newContext,
}) => {
  await signUp(page, server.url, "Nordlicht Outdoor", "ada@nordlicht.example");
  await page.goto(`${server.url}/advertiser/campaigns`);
  await expect(page.getByRole("heading", { name: "Your campaigns will be here" })).toBeVisible();
  await page.locator("main").getByRole("link", { name: "New campaign" }).click();

  await page.getByLabel("Name", { exact: true }).fill("Winter boots");
  await page.getByLabel("Landing page").fill("https://shop.example/boots");
  await page.getByLabel("For a sale", { exact: true }).fill("10");
  await page.getByLabel("Cookie duration", { exact: true }).fill("400");
  await page.getByLabel("Terms for publishers").fill("No coupons.\nNo brand bidding.");
  await page.getByRole("button", { name: "Create campaign" }).click();

  // Refused: the reason stands under the field, and what was entered is kept.
  const duration = page.getByLabel("Cookie duration", { exact: true });
  await expect(duration).toHaveAttribute("aria-invalid", "true");
  await expect(page.locator(".error")).toHaveText("A cookie duration is 1 hour to 365 days, as a whole number.");
  await expect(page.getByLabel("Terms for publishers")).toHaveValue("No coupons.\nNo brand bidding.");
  await duration.fill("7");
  await page.getByRole("button", { name: "Create campaign" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Winter boots");
  await expect(page.getByText("10 % of a 80.00 EUR order = 8.00 EUR")).toBeVisible();
  await page.getByRole("button", { name: "Submit" }).click();
  await expect(page.locator(".page-head .status")).toHaveText("submitted");

  const office = await (await newContext()).newPage();
  await logInAsAdmin(office, server.url);
  await office.goto(`${server.url}/admin/campaigns`);
  await office.getByLabel("Reason, if you decline").fill("Tell publishers what you sell.");
  await office.getByRole("button", { name: "Decline" }).click();
  await expect(office.getByText("Winter boots is now declined.")).toBeVisible();

  await page.reload();
  await expect(page.getByText("The network's reason: Tell publishers what you sell.")).toBeVisible();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Description").fill("Boots for the cold.");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved. The terms are as they were.")).toBeVisible();
  await page.getByRole("button", { name: "Submit" }).click();

  await office.reload();
  await office.getByRole("button", { name: "Admit" }).click();
  await expect(office.getByText("Winter boots is now live.")).toBeVisible();
  await page.reload();
  await expect(page.locator(".page-head .status")).toHaveText("live");
});

test("a new key is shown once and can be revoked", async ({ server, page }) => {
  await signUp(page, server.url, "Nordlicht Outdoor", "ada@nordlicht.example");
  await page.goto(`${server.url}/advertiser/campaigns/new`);
  await page.getByLabel("Name", { exact: true }).fill("Winter boots");
  await page.getByLabel("Landing page").fill("https://shop.example/boots");
  await page.getByLabel("For a lead", { exact: true }).fill("2.50");
  await page.getByRole("button", { name: "Create campaign" }).click();
  await page.getByRole("link", { name: "Integration" }).click();
  await page.getByLabel("Program that will use it").fill("Shop backend");
  await page.getByRole("button", { name: "Make it" }).click();
  await expect(page.getByLabel("Your new key")).toHaveValue(/^tsk_[0-9a-z]{13}_[0-9a-z]{52}$/);
  await page.reload();
  await expect(page.getByLabel("Your new key")).toHaveCount(0);
  await page.getByRole("button", { name: "Revoke Shop backend" }).click();
  await expect(page.getByText("The key is revoked: nothing can be reported with it.")).toBeVisible();
});

test("what clicks pay is entered with its limit, refused where it cannot be, and read as a sentence with an example", async ({
  server,
  page,
}) => {
  await signUp(page, server.url, "Nordlicht Outdoor", "ada@nordlicht.example");
  await page.goto(`${server.url}/advertiser/campaigns/new`);
  await page.getByLabel("Name", { exact: true }).fill("Winter boots");
  await page.getByLabel("Landing page").fill("https://shop.example/boots");
  await page.getByLabel("For a valid visitor", { exact: true }).fill("0.05");
  await page.getByLabel("At most a day, for each publisher").fill("0.04");
  await page.getByRole("button", { name: "Create campaign" }).click();
  const limit = page.getByLabel("At most a day, for each publisher");
  await expect(limit).toHaveAttribute("aria-invalid", "true");
  await expect(page.locator(".error")).toHaveText("The limit pays at least one visitor: 0.05 or more.");
  await limit.fill("3.00");
  await page.getByRole("button", { name: "Create campaign" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Winter boots");
  await expect(page.getByText("0.05 EUR per valid visitor, at most 3.00 EUR a day per publisher").first()).toBeVisible();
  await expect(page.getByText("100 valid visitors in a day = 3.00 EUR, since the first 60 are paid")).toBeVisible();
  await page.getByRole("link", { name: "Edit" }).click();
  await expect(limit).toHaveValue("3.00");
});
