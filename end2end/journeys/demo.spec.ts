// The demo, as a newcomer tries it: from a publisher's link through the shop to the conversion, all by hand.

import { expect, logIn, test } from "../demo";

test("a newcomer follows a link, buys, and finds the conversion", async ({ demo, page }) => {
  await page.goto(`${demo.url}/log-in`);
  await expect(page.getByRole("button", { name: /Advertiser · Nordlicht Outdoor/ })).toBeVisible();
  await logIn(page, demo.url, "publisher1@demo.example");
  await page.goto(`${demo.url}/publisher/links`);
  await page.getByRole("link", { name: "Boots compared" }).click();
  await page.getByRole("link", { name: "Follow it" }).click();

  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Winter boots");
  await expect(page.locator("main")).toContainText("A tracking link brought you");
  const order = await page.locator("input[name=order_id]").inputValue();
  const reported = page.waitForResponse((response) => new URL(response.url()).pathname.startsWith("/pixel/"));
  await page.getByRole("button", { name: "Buy for 39.00 EUR" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Thank you for your order");
  expect((await reported).status()).toBe(201);

  // Loading the page again reports the same order again: it is not bought twice.
  const again = page.waitForResponse((response) => new URL(response.url()).pathname.startsWith("/pixel/"));
  await page.reload();
  expect((await again).status()).toBe(200);
  await page.getByRole("link", { name: "As the publisher" }).click();
  // Another order may end alike: the newest stands first.
  await page.getByRole("link", { name: `\u2026${order.slice(-4)}`, exact: true }).first().click();
  await expect(page.locator(".receipt")).toContainText("Boots compared");
  await expect(page.locator(".receipt-total")).toContainText("3.90 EUR");
});
