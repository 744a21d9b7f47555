// Where a publisher is paid: a wrong number is refused and not kept, a right one is shown masked, a change says until when
// payouts wait.

import { expect, test } from "../fixtures";
import { PASSWORD, signUp } from "../people";

test.use({ serverOptions: { admission: "auto" } });

test("a publisher enters a bank account, and later another way to be paid", async ({ server, page }) => {
  const { url } = server;
  await signUp(page, url, "publisher", "Garden Letters");
  await page.goto(`${url}/publisher/payouts`);
  await page.getByRole("link", { name: "Enter payout details" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Payout details");
  await expect(page.getByText("You have no payout details yet")).toBeVisible();

  const enter = async (iban: string) => {
    await page.getByLabel("Account holder").fill("Pia Publisher");
    await page.getByLabel("IBAN").fill(iban);
    await page.getByLabel("Your password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Save" }).click();
  };

  await test.step("two digits that changed places are refused, and nothing is kept", async () => {
    await enter("DE98 3704 0044 0532 0130 00");
    await expect(page.getByText("The check digits do not fit").first()).toBeVisible();
    await expect(page.getByLabel("IBAN")).toHaveValue("");
    await expect(page.getByLabel("Your password", { exact: true })).toHaveValue("");
  });

  await test.step("the right number is stored, and shown by its end", async () => {
    await enter("DE89 3704 0044 0532 0130 00");
    await expect(page.getByText("Your payout details are stored.")).toBeVisible();
    await expect(page.getByRole("definition").getByText("DE\u20263000")).toBeVisible();
    await expect(page.getByText("0044 0532")).toHaveCount(0);
  });

  await test.step("a change says until when payouts wait", async () => {
    await page.getByRole("link", { name: "PayPal" }).click();
    await page.getByLabel("PayPal address").fill("pia@garden.example");
    await page.getByLabel("Your password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Your payout details are changed. Payouts wait until")).toBeVisible();
    await page.goto(`${url}/publisher/payouts`);
    await expect(page.getByText("payouts wait until")).toBeVisible();
  });
});
