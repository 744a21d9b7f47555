// What every journey starts from: a server, a shop, and a browser whose every misstep fails the test.
//
//   import { test, expect } from "../fixtures";
//   test("…", async ({ server, page }) => { await page.goto(server.url); … });

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, type BrowserContextOptions, test as base, expect } from "@playwright/test";
import { Guard } from "./guard";
import { type Server, type ServerOptions, startServer } from "./server";
import { type Shop, startShop } from "./shop";

export const admin = { email: "admin@network.example", password: "correct horse battery staple 7" };

type Fixtures = {
  /** Change with test.use({ serverOptions: { … } }). */
  serverOptions: ServerOptions;
  server: Server;
  shop: Shop;
  guard: Guard;
  /** A further browser, with cookies of its own and as closely watched: the second party of a journey. */
  newContext: (options?: BrowserContextOptions) => Promise<BrowserContext>;
  /** A browser whose user lets third-party cookies through, which the others here block: a profile of its own. */
  tolerantContext: BrowserContext;
};

export const test = base.extend<Fixtures>({
  serverOptions: [{ admin }, { option: true }],

  server: async ({ serverOptions, guard }, use, testInfo) => {
    const server = await startServer(serverOptions);
    guard.allowOrigin(server.url);
    await use(server);
    guard.finish();
    const survived = server.isRunning();
    await server.stop();
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach("server log", { body: server.stderr(), contentType: "text/plain" });
    }
    expect(survived, `the server ended during the test:\n${server.stderr()}`).toBe(true);
    expect(server.stderr(), "the server panicked").not.toContain("panicked at");
  },

  shop: async ({ guard }, use) => {
    const shop = await startShop();
    guard.allowOrigin(shop.url);
    await use(shop);
    guard.finish();
    await shop.stop();
  },

  // Automatic: a journey cannot forget it.
  guard: [
    async ({}, use) => {
      const guard = new Guard();
      await use(guard);
      expect(guard.takeProblems(), "what a clean page does not do").toEqual([]);
    },
    { auto: true },
  ],

  context: async ({ context, guard }, use) => {
    await guard.watch(context);
    await use(context);
  },

  newContext: async ({ browser, guard }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (options) => {
      // Contexts opened this way get the project's settings, too.
      const context = await browser.newContext(options);
      contexts.push(context);
      await guard.watch(context);
      return context;
    });
    for (const context of contexts) await context.close();
  },

  tolerantContext: async ({ playwright, launchOptions, viewport, userAgent, guard }, use) => {
    const folder = await mkdtemp(join(tmpdir(), "tallystick-profile-"));
    await mkdir(join(folder, "Default"));
    const profile = { cookie_controls_mode: 0, block_third_party_cookies: false };
    await writeFile(join(folder, "Default", "Preferences"), JSON.stringify({ profile }));
    const settings = { ...launchOptions, viewport, userAgent };
    const context = await playwright.chromium.launchPersistentContext(folder, settings);
    await guard.watch(context);
    await use(context);
    await context.close();
    await rm(folder, { recursive: true, force: true });
  },
});

export { expect };
