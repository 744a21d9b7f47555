// Many reviews together: an advertiser ticks rows of its queue, sends a file, takes all that waits. Each time it first
// sees what would happen to each conversion. At every width, with and without JavaScript.

import type { Page } from "@playwright/test";
import { admin, expect, test } from "../fixtures";
import { openMarket } from "../market";
import * as people from "../people";

const HOUR_MS = 3_600_000;
const ORDERS = ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6", "A-7"];

test.use({ serverOptions: { admin, admission: "auto" } });

/** The orders of the queue, from the top. */
async function queueOf(page: Page, url: string): Promise<string[]> {
  await page.goto(`${url}/advertiser/conversions`);
  await page.getByRole("link", { name: "Review them, oldest first" }).click();
  const rows = page.getByRole("region", { name: "Conversions" }).locator("tbody tr");
  return rows.locator("th a").allInnerTexts();
}

/** The fold above the queue; a refused form has opened it already. */
async function openFold(page: Page): Promise<void> {
  if (!(await page.getByLabel("What to do").isVisible())) await page.getByText("Decide many together").click();
}

async function decide(page: Page, button: string): Promise<void> {
  await expect(page.getByText("Nothing is decided yet").first()).toBeVisible();
  await page.getByRole("button", { name: button }).click();
  await expect(page.getByText("The rows are decided.")).toBeVisible();
}

test("many conversions are tried first, and then decided together", async ({ server, shop, newContext }) => {
  test.setTimeout(120_000);
  const { url } = server;
  const { advertiser, publisher, campaign, link } = await openMarket(server, shop, newContext);
  const integration = await people.readIntegration(advertiser, url, campaign);
  const visitor = await (await newContext()).newPage();
  await visitor.goto(link);
  const click_id = new URL(visitor.url()).searchParams.get("click_id")!;
  for (const order_id of ORDERS) {
    await server.advance(HOUR_MS);
    const order = { order_id, amount: "10.00", currency: "EUR", click_id };
    expect((await people.reportSigned(server, integration, order)).status).toBe(201);
  }

  await test.step("the queue begins with the oldest, and says how much waits since when", async () => {
    expect(await queueOf(advertiser, url)).toEqual(ORDERS);
    await expect(advertiser.getByText("Awaiting review: 7, oldest 6 hours.")).toBeVisible();
  });

  await test.step("two ticked rows are approved", async () => {
    await openFold(advertiser);
    await advertiser.getByLabel("What to do").selectOption("approve");
    await advertiser.getByRole("button", { name: "Try with the ticked ones" }).click();
    await expect(advertiser.getByText("Tick at least one row, or take all.").first()).toBeVisible();
    for (const order of ["A-2", "A-3"]) await advertiser.getByLabel(`Take order ${order}`, { exact: true }).check();
    await openFold(advertiser);
    await advertiser.getByRole("button", { name: "Try with the ticked ones" }).click();
    await expect(advertiser.getByRole("heading", { level: 1 })).toHaveText("Approve 2 conversions");
    const tried = "Of 2 rows, 2 would be approved, 0 would be rejected, and 0 would be refused.";
    await expect(advertiser.getByText(tried)).toBeVisible();
    await decide(advertiser, "Decide these 2 rows");
    await expect(advertiser.getByText("Of 2 rows, 2 were approved, 0 were rejected, and 0 were refused.")).toBeVisible();
    expect(await queueOf(advertiser, url)).toEqual(["A-1", "A-4", "A-5", "A-6", "A-7"]);
    await expect(advertiser.getByText("Awaiting review: 5, oldest 6 hours.")).toBeVisible();
  });

  await test.step("a file is tried, a wrong row told, then the others decided", async () => {
    await openFold(advertiser);
    await advertiser.getByRole("link", { name: "From a file" }).click();
    await expect(advertiser.getByRole("heading", { level: 1 })).toHaveText("Reviews together");
    const send = async (lines: string[]) => {
      const buffer = Buffer.from(`${lines.join("\n")}\n`);
      const file = { name: "march.csv", mimeType: "text/csv", buffer };
      await advertiser.getByLabel("File", { exact: true }).setInputFiles(file);
      await advertiser.getByRole("button", { name: "Read the file" }).click();
    };
    await send(["order_id", "A-1"]);
    await expect(advertiser.getByText("There is no column action in the first line").first()).toBeVisible();
    await send([
      "order_id,event,action,reason,note",
      "A-1,sale,approve,,",
      "A-4,sale,reject,item_returned,sent back within the week",
      "A-9,sale,approve,,",
    ]);
    await expect(advertiser.getByRole("heading", { level: 1 })).toHaveText("march.csv");
    const tried = "Of 3 rows, 1 would be approved, 1 would be rejected, and 1 would be refused.";
    await expect(advertiser.getByText(tried)).toBeVisible();
    const rows = advertiser.getByRole("region", { name: "Rows" }).getByRole("row");
    await expect(rows.filter({ hasText: "A-9" })).toContainText("no sale with this order id has come in");
    await expect(rows.filter({ hasText: "A-4" })).toContainText("the item was returned");
    await decide(advertiser, "Decide these 2 rows");
    await expect(advertiser.getByText("Of 3 rows, 1 was approved, 1 was rejected, and 1 was refused.")).toBeVisible();
  });

  await test.step("its result is a file, too", async () => {
    const way = await advertiser.getByRole("link", { name: "All rows as CSV" }).getAttribute("href");
    const answer = await advertiser.request.get(url + way);
    expect([answer.status(), answer.headers()["content-type"]]).toEqual([200, "text/csv; charset=utf-8"]);
    expect((await answer.text()).trim().split("\r\n")).toEqual([
      "row,order_id,event,action,amount,reason,note,outcome,message",
      '2,A-1,sale,approve,,,,done,"approved, commission 1.00 EUR"',
      '3,A-4,sale,reject,,item_returned,sent back within the week,done,"rejected, commission 1.00 EUR"',
      "4,A-9,sale,approve,,,,refused,no sale with this order id has come in",
    ]);
  });

  await test.step("all that waits is rejected, for a reason", async () => {
    expect(await queueOf(advertiser, url)).toEqual(["A-5", "A-6", "A-7"]);
    await openFold(advertiser);
    await advertiser.getByLabel("What to do").selectOption("reject");
    await advertiser.getByRole("button", { name: "Try with all 3" }).click();
    await expect(advertiser.getByText("A negative change needs a reason.").first()).toBeVisible();
    await expect(advertiser.getByLabel("What to do")).toHaveValue("reject");
    await advertiser.getByLabel("Reason, if you reject").selectOption("order_cancelled");
    await advertiser.getByRole("button", { name: "Try with all 3" }).click();
    await expect(advertiser.getByRole("heading", { level: 1 })).toHaveText("Reject 3 conversions");
    await decide(advertiser, "Decide these 3 rows");
    await advertiser.goto(`${url}/advertiser/conversions`);
    await expect(advertiser.getByText("Nothing awaits your review.")).toBeVisible();
  });

  await test.step("the batches are listed, and the publisher reads what became of its orders", async () => {
    await advertiser.goto(`${url}/advertiser/reviews`);
    const list = advertiser.getByRole("region", { name: "Reviews together" });
    for (const name of ["Reject 3 conversions", "march.csv", "Approve 2 conversions"]) {
      await expect(list.getByRole("row").filter({ hasText: name })).toContainText("Its rows were decided on");
    }
    await publisher.goto(`${url}/publisher/conversions`);
    const rows = publisher.getByRole("region", { name: "Conversions" }).getByRole("row");
    await expect(rows.filter({ hasText: "the order was cancelled." })).toHaveCount(3);
    await expect(rows.filter({ hasText: "the item was returned." })).toHaveCount(1);
  });
});
