// A banner's life: refused files, then one that is placed on a page of a third site, seen, clicked, bought through, and
// paused. Network, shop and the publisher's page are three sites to the browser: localhost, 127.0.0.1 and [::1].

import { createServer } from "node:http";
import { crc32, deflateSync } from "node:zlib";
import { admin, expect, test } from "../fixtures";
import * as people from "../people";

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(checksum(body));
  return Buffer.concat([length, body, sum]);
}

/** CRC-32 as PNG wants it; Node has it only since 22. */
function checksum(bytes: Buffer): number {
  if (typeof crc32 === "function") return crc32(bytes);
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

/** A PNG in one colour. */
function png(width: number, height: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 120)]);
  const points = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 0x1a, 10]);
  return Buffer.concat([start, chunk("IHDR", head), chunk("IDAT", points), chunk("IEND", Buffer.alloc(0))]);
}

/** The publisher's own site, a third one. */
async function startBlog(html: () => string): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" });
    response.end(`<!doctype html><html lang=en><link rel=icon href="data:,"><title>Blog</title><h1>Blog</h1>${html()}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "::1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://[::1]:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test.use({ serverOptions: { admin, admission: "auto" } });

test("a banner is placed, clicked, bought through and paused", async ({
  server,
  shop,
  page,
  newContext,
  guard,
  javaScriptEnabled,
}) => {
  test.setTimeout(120_000);
  const { url } = server;
  const further = async () => (await newContext()).newPage();
  const [publisher, office, visitor, late] = [await further(), await further(), await further(), await further()];
  let code = "";
  const blog = await startBlog(() => code);
  guard.allowOrigin(blog.url);

  await people.signUp(page, url, "advertiser", "Nordlicht Outdoor");
  await people.logIn(office, url, admin);
  const draft = { name: "Winter boots", landingPage: `${shop.url}/welcome`, sale: "10", days: "7" };
  const campaign = await people.createCampaign(page, url, draft);
  await people.submitCampaign(page, url, campaign);
  await people.admitCampaign(office, url, draft.name);
  await people.signUp(publisher, url, "publisher", "Garden Letters");
  await people.apply(publisher, url, draft.name);
  await people.approvePublisher(page, url, "Garden Letters", draft.name);

  const list = `${url}/advertiser/campaigns/${campaign}/creatives`;
  await test.step("files that are no banner are refused with a reason", async () => {
    await page.goto(list);
    await page.getByRole("link", { name: "Add a banner" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Spring");
    await page.getByLabel("Alternative text").fill("Boots for spring");
    const good = png(300, 250);
    for (const [name, mimeType, buffer, reason] of [
      ["a.png", "image/png", Buffer.alloc(20 * 1024 * 1024, 65), "The file is larger than 2 MiB."],
      ["a.svg", "image/svg+xml", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"), "SVG files can carry scripts"],
      ["a.png", "image/png", Buffer.concat([good, Buffer.from("=1;alert(1)")]), "Something follows the end of the image"],
    ] as const) {
      await page.getByLabel("File").setInputFiles({ name, mimeType, buffer });
      await page.getByRole("button", { name: "Add the banner" }).click();
      await expect(page.locator("#file-error")).toContainText(reason);
      await expect(page.getByLabel("Alternative text")).toHaveValue("Boots for spring");
    }
    await page.getByLabel("File").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: good });
    await page.getByRole("button", { name: "Add the banner" }).click();
    await expect(page.getByRole("row", { name: "Spring" })).toContainText("300 × 250");
  });

  await test.step("the publisher copies its code", async () => {
    await publisher.goto(`${url}/publisher/creatives`);
    code = await people.copied(publisher, "HTML of Spring", javaScriptEnabled !== false);
  });

  const size = (where: typeof visitor) =>
    where.getByRole("img").evaluate((image) => {
      const { naturalWidth, naturalHeight, width, height, complete } = image as HTMLImageElement;
      return { complete, natural: [naturalWidth, naturalHeight], shown: [width, height] };
    });
  const whole = { complete: true, natural: [300, 250], shown: [300, 250] };

  await test.step("on a third site it is seen at its size, without a cookie, and is clicked", async () => {
    const answered = visitor.waitForResponse((response) => response.url().includes("/i/"));
    await visitor.goto(blog.url);
    const image = await answered;
    expect(await image.headerValue("set-cookie")).toBeNull();
    expect((await image.request().allHeaders()).cookie).toBeUndefined();
    expect(await image.headerValue("content-type")).toBe("image/png");
    if (javaScriptEnabled !== false) expect(await size(visitor)).toEqual(whole);
    expect(await visitor.context().cookies(url)).toEqual([]);
    await visitor.getByRole("link").click();
    await visitor.waitForURL(/\/welcome/);
  });

  await test.step("its creative shows the click, then the sale", async () => {
    const row = page.getByRole("row", { name: "Spring" });
    await page.goto(list);
    await expect(row.locator("[data-label=Clicks]")).toHaveText("1");
    await expect(row.locator("[data-label=Conversions]")).toHaveText("0");
    const click_id = new URL(visitor.url()).searchParams.get("click_id")!;
    const integration = await people.readIntegration(page, url, campaign);
    const report = { click_id, order_id: "A1", amount: "50.00", currency: "EUR" };
    expect((await people.reportSigned(server, integration, report)).status).toBe(201);
    await page.goto(list);
    await expect(row.locator("[data-label=Conversions]")).toHaveText("1");
  });

  await test.step("paused, nothing stands in its place, and its size stays", async () => {
    await page.getByRole("row", { name: "Spring" }).getByRole("button", { name: "Pause" }).click();
    await expect(page.getByRole("row", { name: "Spring" })).toContainText("paused");
    const answered = late.waitForResponse((response) => response.url().includes("/i/"));
    await late.goto(blog.url);
    const image = await answered;
    expect([image.status(), await image.headerValue("creative-state")]).toEqual([200, "paused"]);
    if (javaScriptEnabled !== false) expect(await size(late)).toEqual(whole);
  });
  await blog.stop();
});
