// What a campaign pays for beside sales and leads, and for the lines of an order: entered row by row in its form, shown
// where reports are made, reported, and told on the receipt.

import type { Page } from "@playwright/test";
import { admin, expect, test } from "../fixtures";
import { openMarket } from "../market";

test.use({ serverOptions: { admin, admission: "auto" } });

async function fitsTheScreen(page: Page): Promise<void> {
  const [content, screen] = [page.locator("html"), page.viewportSize()!.width];
  expect(await content.evaluate((html) => html.scrollWidth)).toBeLessThanOrEqual(screen);
}

test("own events and rates for lines are entered, reported and told on the receipt", async ({
  server,
  shop,
  newContext,
}) => {
  test.setTimeout(150_000);
  const { url } = server;
  const { advertiser, publisher, campaign, link } = await openMarket(server, shop, newContext);
  const event = (number: number) => advertiser.getByRole("group", { name: `Event ${number}`, exact: true });
  const rate = (number: number) => advertiser.getByRole("group", { name: `Rate ${number}`, exact: true });

  await test.step("the advertiser adds, names and removes events", async () => {
    await advertiser.goto(`${url}/advertiser/campaigns/${campaign}/edit`);
    await expect(advertiser.getByRole("group", { name: "Event 1", exact: true })).toHaveCount(0);
    await advertiser.getByRole("button", { name: "Add an event" }).click();
    await expect(advertiser.getByRole("status")).toHaveText("Name the event and what it pays. Nothing is saved yet.");
    await expect(event(1).getByLabel("Name")).toBeFocused();
    await event(1).getByLabel("Name").fill("free_trial");
    await event(1).getByLabel("Commission", { exact: true }).fill("2");
    await event(1).getByLabel("Counts").selectOption("Once per click");
    await advertiser.getByRole("button", { name: "Add an event" }).click();
    await event(2).getByLabel("Name").fill("mistake");
    await advertiser.getByRole("button", { name: "Add an event" }).click();
    await event(3).getByLabel("Name").fill("Paid plan");
    await event(3).getByLabel("Commission", { exact: true }).fill("20");
    await event(3).getByLabel("Unit of the commission").selectOption("%");
    await advertiser.getByRole("button", { name: "Remove event 2" }).click();
    await expect(event(3)).toHaveCount(0);
    await expect(event(1).getByLabel("Name")).toHaveValue("free_trial");
    await expect(event(2).getByLabel("Name")).toHaveValue("Paid plan");
    await fitsTheScreen(advertiser);
  });

  await test.step("and a rate for lines; what cannot be is told under its field", async () => {
    await advertiser.getByRole("button", { name: "Add a rate" }).click();
    await rate(1).getByLabel("Category or SKU").fill("Boots");
    await rate(1).getByLabel("Commission", { exact: true }).fill("15");
    await advertiser.getByRole("button", { name: "Save" }).click();
    await expect(event(2).locator(".error")).toHaveText("A name has 1 to 32 small letters, digits and _, as in free_trial.");
    await event(2).getByLabel("Name").fill("paid_plan");
    // Enter saves, though buttons that save nothing stand before the one that does.
    await event(2).getByLabel("Name").press("Enter");
    await expect(advertiser.getByRole("status")).toHaveText("Saved. Version 2 of the terms is in force for clicks from now on.");
    const commission = advertiser.getByRole("region", { name: "Commission" });
    await expect(commission).toContainText("15 % of a sale's lines in category Boots");
    await expect(commission).toContainText("20 % of a paid_plan");
  });

  await test.step("rates for kinds of orders are told in words beside an example, and moved up", async () => {
    await advertiser.getByRole("link", { name: "Edit" }).first().click();
    await advertiser.getByRole("button", { name: "Add a rate" }).click();
    await rate(2).getByLabel("Commission", { exact: true }).fill("20");
    await rate(2).getByLabel("Orders from").fill("100");
    await rate(2).getByLabel("Customer").selectOption("New");
    await advertiser.getByRole("button", { name: "Move rate 2 up" }).click();
    await expect(rate(1).getByLabel("Orders from")).toHaveValue("100");
    await expect(rate(2).getByLabel("Category or SKU")).toHaveValue("Boots");
    await expect(rate(1)).toContainText("20 % of a sale where the order is 100.00 EUR or more and the customer is new");
    await expect(rate(1)).toContainText("20 % of a 100.00 EUR order = 20.00 EUR");
    await fitsTheScreen(advertiser);
    await advertiser.getByRole("button", { name: "Save" }).click();
    await expect(advertiser.getByRole("status")).toHaveText("Saved. Version 3 of the terms is in force for clicks from now on.");
    await expect(advertiser.getByRole("region", { name: "Commission" })).toContainText("and the customer is new");
  });

  await test.step("the integration page names every event, and shows how lines are sent", async () => {
    await advertiser.getByRole("link", { name: "Integration" }).click();
    const events = advertiser.getByRole("region", { name: "Events" });
    await expect(events.getByRole("row", { name: "free_trial" })).toContainText("counts once per click");
    await expect(events.getByRole("row", { name: "paid_plan" })).toContainText("20 % of a paid_plan");
    await expect(advertiser.getByText('"items": [')).toBeVisible();
    await advertiser.getByLabel("Event", { exact: true }).selectOption("free_trial");
    await advertiser.getByRole("button", { name: "Sign this order" }).click();
    await expect(advertiser.getByText('"event": "free_trial"')).toBeVisible();
    await fitsTheScreen(advertiser);
  });

  await test.step("each is reported by its name, another name is refused", async () => {
    const visitor = await (await newContext()).newPage();
    await visitor.goto(link);
    const click_id = new URL(visitor.url()).searchParams.get("click_id")!;
    await advertiser.getByLabel("Program that will use it").fill("Shop server");
    await advertiser.getByRole("button", { name: "Make it" }).click();
    const key = await advertiser.getByLabel("Your new key").inputValue();
    const report = async (body: object) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const text = JSON.stringify({ click_id, ...body });
      const answer = await fetch(`${url}/api/v1/conversions`, { method: "POST", headers, body: text });
      return { status: answer.status, ...((await answer.json()) as { reason: string | null; receipt_url: string }) };
    };
    expect((await report({ event: "free_trial" })).status).toBe(201);
    expect((await report({ event: "free_trial" })).status).toBe(200);
    const unknown = await report({ event: "install", order_id: "I1" });
    expect([unknown.status, unknown.reason]).toEqual([422, "event_unknown"]);

    const items = [
      { sku: "BOOT-42", category: "Boots", quantity: 1, unit_amount: "39.90" },
      { sku: "SOCK-7", category: "Socks", quantity: 2, unit_amount: "5.00" },
    ];
    const order = { order_id: "A1", amount: "49.90", currency: "EUR" };
    const wrong = await report({ ...order, items: items.slice(1) });
    expect([wrong.status, wrong.reason]).toEqual([422, "items_mismatch"]);
    const sold = await report({ ...order, items });
    expect([sold.status, sold.reason]).toEqual([201, null]);

    for (const [reader, sku] of [
      [advertiser, "BOOT-42"],
      [publisher, "hidden from you"],
    ] as [Page, string][]) {
      await reader.goto(sold.receipt_url);
      const lines = reader.getByRole("region", { name: "Lines of the order" });
      const boots = lines.locator("tbody tr").first();
      await expect(boots).toContainText(sku);
      await expect(boots.locator("[data-label=Commission]")).toContainText("5.99");
      await expect(boots).toContainText("rule 2");
      await expect(lines.locator("tfoot")).toContainText("6.99");
      await expect(reader.getByText("Recomputed now from stored inputs: same decision")).toBeVisible();
      await fitsTheScreen(reader);
    }
  });
});
