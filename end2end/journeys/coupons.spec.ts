// A coupon's life: the advertiser gives a publisher a code, an order is reported with it by the JSON interface, the
// publisher reads what it earned and why, and the code ends.

import { admin, expect, test } from "../fixtures";
import { openMarket } from "../market";

test.use({ serverOptions: { admin, admission: "auto" } });

test("an order by coupon is the publisher's, without any click", async ({ server, shop, newContext }) => {
  test.setTimeout(120_000);
  const { url } = server;
  const { advertiser, publisher, campaign } = await openMarket(server, shop, newContext);
  let key = "";
  let receipt = "";

  const report = async (order: string, coupon: string) => {
    const body = { order_id: order, event: "sale", amount: "80.00", currency: "EUR", coupon };
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const answer = await fetch(`${url}/api/v1/conversions`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, ...((await answer.json()) as { reason: string | null; receipt_url: string }) };
  };

  await test.step("the publisher reads how to get a code", async () => {
    await publisher.goto(`${url}/publisher/coupons`);
    await expect(publisher.getByRole("heading", { level: 2 })).toHaveText("You have no coupon");
  });

  await test.step("the advertiser gives it one; what is no code is refused, and what was entered stays", async () => {
    await advertiser.goto(`${url}/advertiser/campaigns/${campaign}`);
    await advertiser.getByRole("link", { name: "Coupons" }).click();
    await advertiser.getByLabel("Code").fill("two words");
    await advertiser.getByRole("button", { name: "Give the code" }).click();
    await expect(advertiser.locator("#code-error")).toContainText("without spaces");
    await expect(advertiser.getByLabel("Code")).toHaveValue("two words");
    await advertiser.getByLabel("Code").fill("Garden-10");
    await advertiser.getByRole("button", { name: "Give the code" }).click();
    const row = advertiser.getByRole("row", { name: "Garden-10" });
    await expect(row).toContainText("Garden Letters");
    await expect(row.locator("[data-label=State]")).toContainText("live");
  });

  await test.step("an order with it is credited, whatever its case", async () => {
    await advertiser.goto(`${url}/advertiser/campaigns/${campaign}/integration`);
    await advertiser.getByLabel("Program that will use it").fill("Shop server");
    await advertiser.getByRole("button", { name: "Make it" }).click();
    key = await advertiser.getByLabel("Your new key").inputValue();
    const answer = await report("A1", "GARDEN-10");
    expect([answer.status, answer.reason]).toEqual([201, null]);
    receipt = answer.receipt_url;
    expect((await report("A2", "GARDEN-11")).reason).toBe("coupon_unknown");
  });

  await test.step("the publisher sees it, and reads on the receipt why it is its own", async () => {
    await publisher.goto(`${url}/publisher/coupons`);
    const row = publisher.getByRole("row").nth(1);
    await expect(row.locator("[data-label=Conversions]")).toHaveText("1");
    await expect(row.locator("[data-label=Commission]")).toHaveText("8.00 EUR");
    const width = await publisher.evaluate(() => document.documentElement.scrollWidth - window.innerWidth).catch(() => 0);
    expect(width).toBeLessThanOrEqual(0);
    await publisher.goto(receipt);
    await expect(publisher.locator(".receipt")).toContainText("Garden-10");
    await expect(publisher.getByRole("region", { name: "Whose it is" })).toContainText("Credited.");
    await expect(publisher.getByText("Recomputed now from stored inputs: same decision")).toBeVisible();
  });

  await test.step("ended, it brings nothing any more", async () => {
    await advertiser.goto(`${url}/advertiser/campaigns/${campaign}/coupons`);
    await advertiser.getByRole("button", { name: "End Garden-10" }).click();
    await expect(advertiser.getByRole("row", { name: "Garden-10" }).locator("[data-label=State]")).toContainText("ended");
    const late = await report("A3", "Garden-10");
    expect([late.status, late.reason]).toEqual([202, "coupon_expired"]);
  });
});
