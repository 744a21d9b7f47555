// How the two sides get at the truth about an order: an advertiser without developers sends a file, everybody finds the
// order, a refused request leads to the page of its reason, a token reports from an address, and a held conversion is let
// go with a reason and counted.

import { admin, expect, test } from "../fixtures";
import { openMarket } from "../market";
import * as people from "../people";

test.use({ serverOptions: { admin, admission: "auto" } });

test("from a file to the receipt, and from a refusal to its reason", async ({ server, shop, newContext }) => {
  test.setTimeout(120_000);
  const { url } = server;
  const { advertiser, publisher, office, campaign, link } = await openMarket(server, shop, newContext);
  const place = `${url}/advertiser/campaigns/${campaign}`;
  const visitor = await (await newContext()).newPage();
  await visitor.goto(link);
  const click = new URL(visitor.url()).searchParams.get("click_id")!;
  await server.advance(60_000);

  await test.step("a file is read first, and recorded then", async () => {
    await advertiser.goto(place);
    await advertiser.getByRole("link", { name: "Integration" }).first().click();
    await advertiser.getByRole("link", { name: "Choose a file" }).click();
    const rows = ["order_id,amount,currency,click_id", `FILE-1,80.00,EUR,${click}`, `FILE-2,"49,90",EUR,${click}`];
    const buffer = Buffer.from(`${rows.join("\n")}\n`);
    await advertiser.getByLabel("File", { exact: true }).setInputFiles({ name: "march.csv", mimeType: "text/csv", buffer });
    await advertiser.getByRole("button", { name: "Read the file" }).click();
    await expect(advertiser.getByText("Nothing is recorded yet.")).toBeVisible();
    const table = advertiser.getByRole("region", { name: "Rows" });
    await expect(table.getByRole("row", { name: "FILE-1" })).toContainText("A new conversion.");
    await expect(table.getByRole("row", { name: "FILE-2" })).toContainText("bad_amount");
    await advertiser.getByRole("button", { name: "Record these rows" }).click();
    await expect(advertiser.getByText("1 rows are recorded or were known, 1 were refused.")).toBeVisible();
  });

  await test.step("each role finds the order, and nobody else's", async () => {
    for (const [page, root, shown] of [
      [publisher, "/publisher", "LE-1"],
      [advertiser, "/advertiser", "FILE-1"],
      [office, "/admin", "FILE-1"],
    ] as const) {
      await page.goto(url + root);
      await page.getByRole("searchbox", { name: "Find my order" }).fill("FILE-1");
      await page.keyboard.press("Enter");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Find my order");
      const found = page.getByRole("region", { name: "Orders" }).getByRole("link", { name: shown });
      await found.click();
      await expect(page.getByText("8.00 EUR").first()).toBeVisible();
    }
    await publisher.goto(`${url}/publisher/find?q=NO-SUCH-ORDER`);
    await expect(publisher.getByRole("heading", { level: 2 })).toHaveText("Nothing with this id has reached us");
  });

  await test.step("the refused row is in the log, and its reason has a page", async () => {
    await advertiser.goto(`${place}/requests`);
    const row = advertiser.getByRole("row").filter({ hasText: "FILE-2" });
    await expect(row).toContainText("422");
    await row.getByRole("link").first().click();
    await expect(advertiser.getByRole("heading", { name: "As received" })).toBeVisible();
    await advertiser.getByRole("link", { name: "bad_amount" }).first().click();
    await expect(advertiser).toHaveURL(/\/reasons\/bad_amount$/);
    await expect(advertiser.getByRole("heading", { level: 1 })).toContainText("bad_amount");
  });
});

test("a token reports from an address, a rule holds, a person lets go", async ({ server, shop, newContext }) => {
  test.setTimeout(120_000);
  const { url } = server;
  const { advertiser, publisher, campaign, link } = await openMarket(server, shop, newContext);
  const place = `${url}/advertiser/campaigns/${campaign}`;
  // A program that does not name itself.
  const program = await (await newContext()).request.get(link, { headers: { "user-agent": "" }, maxRedirects: 0 });
  const click = new URL(program.headers().location).searchParams.get("click_id")!;
  await server.advance(60_000);

  const token = await test.step("a token needs networks, and is shown once", async () => {
    await advertiser.goto(`${place}/integration`);
    await advertiser.getByLabel("Program that will use it").fill("Old shop");
    await advertiser.getByLabel("Sent", { exact: true }).selectOption("token");
    await advertiser.getByRole("button", { name: "Make it" }).click();
    await expect(advertiser.locator("#networks-error")).toBeVisible();
    await expect(advertiser.getByLabel("Program that will use it")).toHaveValue("Old shop");
    await advertiser.getByLabel("Counts from").fill("127.0.0.1, ::1");
    await advertiser.getByRole("button", { name: "Make it" }).click();
    const text = await advertiser.getByLabel("Your new token").inputValue();
    expect(text).toMatch(/^tst_/);
    await advertiser.reload();
    await expect(advertiser.getByLabel("Your new token")).toHaveCount(0);
    return text;
  });

  await test.step("an order by the token is held, because its click had no name", async () => {
    const query = new URLSearchParams({ campaign, token, order_id: "OLD-1", amount: "50.00", currency: "EUR" });
    const answer = await fetch(`${url}/postback?${query}&click_id=${click}`);
    expect([answer.status, ((await answer.json()) as { reason: string }).reason]).toEqual([201, "fraud_rule"]);
    await advertiser.goto(`${place}/integration`);
    await expect(advertiser.getByRole("row", { name: "Old shop" }).locator("[data-label='Last used']")).not.toHaveText(
      "never",
    );
  });

  await test.step("the advertiser lets it go with a reason, and the publisher reads it", async () => {
    const row = await people.conversionRow(advertiser, url, "OLD-1");
    await row.getByText("Release the hold", { exact: true }).first().click();
    await row.getByLabel("Why it may go on").fill("Our own app has no name.");
    await row.getByRole("button", { name: /^Release/ }).click();
    await expect(advertiser.getByText("The hold is released")).toBeVisible();
    await publisher.goto(`${url}/publisher/conversions`);
    await publisher.getByRole("region", { name: "Conversions" }).getByRole("link").first().click();
    await expect(publisher.getByText("Our own app has no name.")).toBeVisible();
  });

  await test.step("what the rules did is counted, and another limit can be tried", async () => {
    await advertiser.goto(`${place}/quality`);
    const rule = advertiser.getByRole("region", { name: "Rules for conversions" }).getByRole("row", { name: "fraud_rule" });
    await expect(rule.locator("[data-label=Held]")).toHaveText("1");
    await expect(rule.locator("[data-label=Released]")).toHaveText("1");
    await advertiser.getByLabel("Seconds after the click").fill("61");
    await advertiser.getByRole("button", { name: "Count" }).click();
    await expect(advertiser.getByText("With 61 seconds: 1 held.")).toBeVisible();
  });
});
