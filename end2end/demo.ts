// A demo for all tests of a worker: it takes half a minute to make, and the tests that share it only read.
//
//   import { test, expect } from "../demo";
//   test("…", async ({ demo, page }) => { await logIn(page, demo.url, "publisher1@demo.example"); … });

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Page } from "@playwright/test";
import { test as base, expect } from "./fixtures";
import { binary, freePort } from "./server";

export type Demo = { url: string; stop(): Promise<void> };

const START_TIMEOUT_MS = 240_000;
const STOP_TIMEOUT_MS = 10_000;

export async function startDemo(): Promise<Demo> {
  const port = await freePort();
  // Its database goes into this folder, and no .env file of the clone is read.
  const folder = await mkdtemp(join(tmpdir(), "tallystick-demo-journey-"));
  const child = spawn(binary(), ["demo", "--listen-addr", `127.0.0.1:${port}`], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: folder, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killWithRunner = () => child.kill("SIGKILL");
  process.once("exit", killWithRunner);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  void ended.then(() => process.removeListener("exit", killWithRunner));
  const stop = async () => {
    child.kill("SIGTERM");
    const patience = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(patience);
    await rm(folder, { recursive: true, force: true });
  };

  let said = "";
  const ready = new Promise<void>((resolve, reject) => {
    const hear = (line: string) => {
      said += `${line}\n`;
      if (line.includes("The demo is ready: ")) resolve();
    };
    // Read on after that line, too: a full pipe would stop the demo.
    createInterface({ input: child.stdout! }).on("line", hear);
    createInterface({ input: child.stderr! }).on("line", hear);
    child.once("error", reject);
    child.once("close", () => reject(new Error("the demo ended")));
    setTimeout(() => reject(new Error("the demo was not ready in time")), START_TIMEOUT_MS).unref();
  });
  try {
    await ready;
  } catch (error) {
    await stop();
    throw new Error(`${error}\n${said}`);
  }
  return { url: `http://localhost:${port}`, stop };
}

/** By the one-press log-ins of the demo's log-in page. */
export async function logIn(page: Page, url: string, email: string): Promise<void> {
  await page.goto(`${url}/log-in`);
  await page.getByRole("button", { name: email }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
}

export const test = base.extend<{ demo: Demo }, { sharedDemo: Demo }>({
  sharedDemo: [
    async ({}, use) => {
      const demo = await startDemo();
      await use(demo);
      await demo.stop();
    },
    { scope: "worker", timeout: START_TIMEOUT_MS + STOP_TIMEOUT_MS },
  ],
  demo: async ({ sharedDemo, guard }, use) => {
    guard.allowOrigin(sharedDemo.url);
    await use(sharedDemo);
    guard.finish();
  },
});

export { expect };
