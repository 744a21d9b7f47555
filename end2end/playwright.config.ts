import { defineConfig } from "@playwright/test";

// An ordinary browser's name: Tallystick counts clicks of "HeadlessChrome" as a crawler's, rightly.
const desktopAgent =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const mobileAgent =
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

const desktop = { viewport: { width: 1280, height: 800 }, userAgent: desktopAgent };

export default defineConfig({
  testDir: "journeys",
  // One journey at a time, and no second chance: a journey that passes only sometimes is a defect to find.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  reporter: "list",
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    locale: "en-US",
    timezoneId: "UTC",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.TALLYSTICK_CHROMIUM || "/usr/bin/chromium",
      // The system's browser, as root in a container, and without its own calls to the outside.
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "desktop", use: desktop },
    {
      name: "mobile-360",
      use: { viewport: { width: 360, height: 740 }, userAgent: mobileAgent, hasTouch: true, isMobile: true },
    },
    { name: "nojs", use: { ...desktop, javaScriptEnabled: false } },
  ],
});
