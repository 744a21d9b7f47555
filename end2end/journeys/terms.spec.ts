// Other terms: a cut is announced, every publisher of the campaign is told and sees old beside new, and until it begins it
// can be taken back.

import { admin, expect, test } from "../fixtures";
import { admitCampaign, apply, approvePublisher, createCampaign, logIn, signUp, submitCampaign } from "../people";

test.use({ serverOptions: { admin, admission: "auto" } });

test("a cut is announced, told to publishers with old beside new, and taken back", async ({ server, page, newContext }) => {
  const { url } = server;
  const [publisher, office] = await Promise.all([1, 2].map(async () => (await newContext()).newPage()));
  await signUp(page, url, "advertiser", "Nordlicht Outdoor");
  const draft = { name: "Winter boots", landingPage: "https://boots.example/", sale: "10", days: "7" };
  const campaign = await createCampaign(page, url, draft);
  await submitCampaign(page, url, campaign);
  await logIn(office, url, admin);
  await admitCampaign(office, url, draft.name);
  await signUp(publisher, url, "publisher", "Garden Letters");
  await apply(publisher, url, draft.name);
  await approvePublisher(page, url, "Garden Letters", draft.name);

  const change = async (sale: string) => {
    await page.goto(`${url}/advertiser/campaigns/${campaign}/edit`);
    await page.getByLabel("For a sale", { exact: true }).fill(sale);
    await page.getByRole("button", { name: "Save" }).click();
  };
  await server.advance(60_000);
  await test.step("a lower rate begins in seven days", async () => {
    await change("8");
    await expect(page.getByText("Version 2 of the terms cuts a commission")).toBeVisible();
    await expect(page.getByRole("heading", { name: /^From .*: version 2$/ })).toBeVisible();
  });
  await test.step("its publisher is told, and sees old beside new", async () => {
    await publisher.goto(`${url}/publisher`);
    await expect(publisher.getByText("One notice is new.")).toBeVisible();
    await publisher.getByRole("link", { name: "Read", exact: true }).click();
    await expect(publisher.getByText("Version 2 of the terms of Winter boots changes")).toBeVisible();
    await publisher.getByRole("link", { name: "Old and new" }).click();
    const change = publisher.getByRole("region", { name: "What version 2 changes" }).getByRole("row", { name: /Commission/ });
    await expect(change).toContainText("10 % of a sale");
    await expect(change).toContainText("8 % of a sale");
    await expect(publisher.getByText("10 % of a 80.00 EUR order = 8.00 EUR")).toBeVisible();
    const width = await publisher.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(width, "the page does not scroll sideways").toBeLessThanOrEqual(0);
  });
  await server.advance(60_000);
  await test.step("what is in force now, entered again, takes it back", async () => {
    await change("10");
    await expect(page.getByText("Version 3 of the terms is in force")).toBeVisible();
    await expect(page.getByText("never: a newer version began first")).toBeVisible();
    await publisher.reload();
    await expect(publisher.getByRole("heading", { name: /version 2$/ })).toHaveCount(0);
  });
});
