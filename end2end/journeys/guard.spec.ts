// The guard must be able to fail: each page here misbehaves once, and the guard has to name it.

import { type Guard } from "../guard";
import { test, expect } from "../fixtures";

const pageWith = (body: string) => `<!doctype html><html lang=en><title>Page</title>${body}`;
const foreignImage = '<img src="http://127.0.0.1:9/pixel.gif" alt="">';

/** The browser reports a little after the page has loaded. */
async function expectProblem(guard: Guard, pattern: RegExp): Promise<void> {
  const found: string[] = [];
  await expect(() => {
    found.push(...guard.takeProblems());
    expect(found.join("\n")).toMatch(pattern);
  }).toPass({ timeout: 5_000 });
}

test("a clean page passes, in a further context too", async ({ page, shop, newContext }) => {
  shop.setPage("/clean", pageWith("<h1>Clean</h1>"));
  await page.goto(`${shop.url}/clean?click=1`);
  await expect(page.locator("h1")).toHaveText("Clean");
  expect(shop.requests).toEqual(["/clean?click=1"]);

  const second = await (await newContext()).newPage();
  await second.goto(shop.url);
  await expect(second.locator("h1")).toHaveText("Shop");
  expect(second.viewportSize()).toEqual(page.viewportSize());
});

test("an expected problem passes", async ({ page, shop, guard }) => {
  guard.expectProblem(/foreign request: http:\/\/127\.0\.0\.1:9\//);
  guard.expectProblem(/ERR_/);
  shop.setPage("/", pageWith(foreignImage));
  await page.goto(shop.url);
});

test("a request to another origin is found", async ({ page, shop, guard }) => {
  guard.expectProblem(/ERR_/);
  shop.setPage("/", pageWith(foreignImage));
  await page.goto(shop.url);
  await expectProblem(guard, /foreign request: http:\/\/127\.0\.0\.1:9\/pixel\.gif/);
});

test("a violation of the content security policy is found", async ({ page, shop, guard }) => {
  const policy = `<meta http-equiv="Content-Security-Policy" content="style-src 'none'">`;
  guard.expectProblem(/policy violation/);
  shop.setPage("/", pageWith(`${policy}<p style="color: red">Red</p>`));
  await page.goto(shop.url);
  await expectProblem(guard, /console error .*style-src/);
});

test.describe("with JavaScript", () => {
  test.skip(({ javaScriptEnabled }) => javaScriptEnabled === false, "needs JavaScript");

  test("an error on the console is found", async ({ page, shop, guard }) => {
    shop.setPage("/", pageWith("<script>console.error('oops')</script>"));
    await page.goto(shop.url);
    await expectProblem(guard, /console error .*oops/);
  });

  test("an exception in a further context is found", async ({ newContext, shop, guard }) => {
    shop.setPage("/", pageWith("<script>throw new Error('oops')</script>"));
    await (await (await newContext()).newPage()).goto(shop.url);
    await expectProblem(guard, /exception .*oops/s);
  });
});
