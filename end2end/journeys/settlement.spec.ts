// An admin books what an advertiser paid: at every width, with and without JavaScript.

import { admin, test, expect } from "../fixtures";

const password = "quiet otter paints fences";

test.use({ serverOptions: { admin, admission: "auto" } });

test("a payment is booked once, stands in the books, and the advertiser sees it", async ({ server, page, newContext }) => {
  await page.goto(`${server.url}/sign-up?as=advertiser`);
  await page.getByLabel("Company or site").fill("Nordlicht Outdoor");
  await page.getByLabel("Your name").fill("Anna Advertiser");
  await page.getByLabel("E-mail").fill("anna@nordlicht.example");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
  await page.goto(`${server.url}/advertiser/balance`);
  await expect(page.getByText("Nothing has been earned from you yet")).toBeVisible();
  await page.goto(`${server.url}/advertiser/conversions?state=pending`);
  await expect(page.getByText("No conversions are pending")).toBeVisible();

  const office = await (await newContext()).newPage();
  await office.goto(`${server.url}/log-in`);
  await office.getByLabel("E-mail").fill(admin.email);
  await office.getByLabel("Password", { exact: true }).fill(admin.password);
  await office.getByRole("button", { name: "Log in" }).click();
  await expect(office.getByRole("heading", { level: 1 })).toHaveText("Overview");
  for (const [path, empty] of [
    ["ledger", "Nothing is in the books yet"],
    ["payouts", "No payout run yet"],
    ["conversions", "No conversion was reported yet"],
  ]) {
    await office.goto(`${server.url}/admin/${path}`);
    await expect(office.getByText(empty)).toBeVisible();
  }

  await office.goto(`${server.url}/admin/deposits`);
  const book = async (amount: string) => {
    await office.getByLabel("Amount").fill(amount);
    await office.getByLabel("The bank's reference").fill("SEPA 4711");
    await office.getByRole("button", { name: "Book" }).click();
  };
  await book("22,19");
  await expect(office.getByText("Enter an amount such as 49.90")).not.toHaveCount(0);
  await expect(office.getByLabel("Amount")).toHaveValue("22,19");
  await book("22.19");
  await expect(office.getByText("22.19 EUR is booked.")).toBeVisible();
  await book("22.19");
  await expect(office.getByText("is booked already").first()).toBeVisible();

  await office.goto(`${server.url}/admin/ledger`);
  await expect(office.getByText("All EUR accounts sum to zero.")).toBeVisible();
  await office.goto(`${server.url}/admin/payouts`);
  await office.getByRole("button", { name: "Propose a run in EUR" }).click();
  await expect(office.getByText("Nothing is payable")).toBeVisible();

  await page.goto(`${server.url}/advertiser/balance`);
  await expect(page.getByText("Paid in advance")).toBeVisible();
  await expect(page.getByText("SEPA 4711")).toBeVisible();
});
