// Signing up, being admitted, logging in and out: at every width, with and without JavaScript.

import { admin, test, expect } from "../fixtures";

const password = "quiet otter paints fences";

test.use({ serverOptions: { admin, admission: "manual" } });

test("a publisher signs up, an admin admits it, both log out and in", async ({ server, page, newContext }) => {
  await page.goto(server.url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Every conversion has a receipt.");
  await page.getByRole("link", { name: "Join as a publisher" }).click();
  await page.getByLabel("Company or site").fill("Garden Letters");
  await page.getByLabel("Your name").fill("Pia Publisher");
  await page.getByLabel("E-mail").fill("pia@garden.example");
  await page.getByLabel("Password", { exact: true }).fill("too short");
  await page.getByRole("button", { name: "Sign up" }).click();

  // Refused: what was entered is kept, the password is not.
  await expect(page.getByText("12 characters").first()).toBeVisible();
  await expect(page.getByLabel("Company or site")).toHaveValue("Garden Letters");
  await expect(page.getByLabel("Password", { exact: true })).toHaveValue("");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
  await expect(page.locator("main").getByText("applied")).toBeVisible();

  const office = await (await newContext()).newPage();
  await office.goto(`${server.url}/log-in`);
  await office.getByLabel("E-mail").fill(admin.email);
  await office.getByLabel("Password", { exact: true }).fill(admin.password);
  await office.getByRole("button", { name: "Log in" }).click();
  await office.getByRole("link", { name: /Waiting for admission/ }).click();
  await office.getByRole("row", { name: /Garden Letters/ }).getByRole("button", { name: "Admit" }).click();
  await expect(office.getByText("The party is now admitted.")).toBeVisible();

  await page.reload();
  await expect(page.locator("main").getByText("admitted")).toBeVisible();
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Log in");
  await page.goto(`${server.url}/publisher`);
  await expect(page).toHaveURL(`${server.url}/log-in`);
});

test("a wrong password is refused without telling who is registered", async ({ server, page }) => {
  await page.goto(`${server.url}/log-in`);
  for (const email of [admin.email, "nobody@network.example"]) {
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill("surely not this one");
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page.getByRole("alert")).toHaveText("The e-mail address or the password is wrong.");
    await expect(page.getByLabel("E-mail")).toHaveValue(email);
  }
});

test("what does not exist is said so, with a heading", async ({ server, page, guard }) => {
  guard.expectProblem(/404/);
  await page.goto(`${server.url}/no/such/page`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nothing is here");
});

test("the password can be shown where scripts run", async ({ server, page, javaScriptEnabled }) => {
  await page.goto(`${server.url}/log-in`);
  const input = page.getByLabel("Password", { exact: true });
  const button = page.getByRole("button", { name: "Show" });
  if (!javaScriptEnabled) {
    await expect(button).toBeHidden();
    return;
  }
  await input.fill("visible");
  await button.click();
  await expect(input).toHaveAttribute("type", "text");
  await page.getByRole("button", { name: "Hide" }).click();
  await expect(input).toHaveAttribute("type", "password");
});
