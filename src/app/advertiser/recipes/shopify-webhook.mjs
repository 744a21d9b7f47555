// shopify-webhook.mjs: receives Shopify's webhook orders/paid and reports the order, signed. Needs Node 18 or newer.
//   TALLYSTICK_SECRET=… SHOPIFY_WEBHOOK_SECRET=… PORT=3000 node shopify-webhook.mjs
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const NETWORK = "{base}";
const CAMPAIGN = "{campaign}";
const COOKIE_SECONDS = {seconds};
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const CLICK_ID = /^[0-9a-hjkmnp-tv-z]{44}$/;
const BODY_BYTES_MAX = 2_000_000;
// Shopify waits five seconds for an answer.
const TIMEOUT_MS = 4_000;
const RECENT_MS = 29 * 86_400_000;
const { TALLYSTICK_SECRET, SHOPIFY_WEBHOOK_SECRET, PORT = "3000" } = process.env;
if (!TALLYSTICK_SECRET || !SHOPIFY_WEBHOOK_SECRET) throw new Error("both secrets must be set");

const server = createServer(async (request, response) => {
  const status = await receive(request).catch((error) => (console.error(error), 503));
  response.writeHead(status).end();
});
server.listen(Number(PORT), () => console.log(`listening on port ${server.address().port}`));

/** The status for Shopify: it sends again, for hours, until it gets a 200. The network takes that for the same order. */
async function receive(request) {
  const body = await read(request);
  if (!body) return 413;
  if (!isShopify(body, request.headers["x-shopify-hmac-sha256"])) return 401;
  const order = JSON.parse(body.toString("utf8"));
  const kept = order.note_attributes?.find(({ name }) => name === "tallystick")?.value ?? "";
  const clickId = choose(kept.split(".").filter((id) => CLICK_ID.test(id))).join(".");
  if (!clickId) return 200; // nobody's order
  // The cookie duration is measured up to the order; the network takes no report of what is older than thirty days.
  // It comes in whole seconds: the end of this one, since the click may have been in it.
  const occurredAt = new Date(Date.parse(order.created_at) + 999);
  const isRecent = Date.now() - occurredAt.getTime() < RECENT_MS;
  const { status, text } = await report({
    click_id: clickId,
    // Not order.id: it may have more digits than a number in JavaScript keeps.
    order_id: order.admin_graphql_api_id.split("/").pop(),
    event: "{event}",
    // After discounts, before tax and shipping, in the currency of the shop.
    amount: netAmount(order),
    currency: order.currency,
    ...(isRecent ? { occurred_at: occurredAt.toISOString() } : {}),
    ...(order.test ? { test: "1" } : {}),
  });
  if (status >= 500 || status === 429) throw new Error(`order ${order.name}: ${status} ${text}`);
  // A refusal would be the same again: what is wrong stands in the answer, and among the campaign's requests.
  if (status >= 300) console.error(`order ${order.name} was refused: ${status} ${text}`);
  return 200;
}

/** The subtotal includes taxes where the shop's prices do. */
function netAmount({ subtotal_price, taxes_included, line_items = [] }) {
  const taxes = taxes_included ? line_items.flatMap(({ tax_lines = [] }) => tax_lines) : [];
  return taxes.reduce((sum, { price }) => sum - Number(price), Number(subtotal_price)).toFixed({digits});
}

/** The newest three, and the oldest one that still counts: a report takes four at most. Ids sort by their time. */
function choose(ids) {
  const sorted = [...new Set(ids)].sort().reverse();
  const counts = (id) => milliseconds(sorted[0]) - milliseconds(id) < COOKIE_SECONDS * 1_000;
  return [...sorted.slice(0, 3), ...sorted.slice(3).filter(counts).slice(-1)];
}

/** The millisecond since 2020 that an id carries. */
function milliseconds(id) {
  const number = [...id.slice(1, 11)].reduce((sum, digit) => sum * 32 + DIGITS.indexOf(digit), 0);
  return Math.floor(number / 16) % 2 ** 43;
}

async function read(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > BODY_BYTES_MAX) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Whether Shopify signed exactly these bytes. */
function isShopify(body, header = "") {
  const expected = createHmac("sha256", SHOPIFY_WEBHOOK_SECRET).update(body).digest();
  const given = Buffer.from(header, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function report(order) {
  const ts = Math.floor(Date.now() / 1000);
  const query = new URLSearchParams({ campaign: CAMPAIGN, ...order, ts }).toString();
  const hash = createHash("sha256").update("").digest("hex");
  const signed = [ts, "GET", "/postback", query, hash].join("\n");
  const signature = createHmac("sha256", TALLYSTICK_SECRET).update(signed).digest("hex");
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(`${NETWORK}/postback?${query}&sig=${signature}`, { signal, redirect: "error" });
  return { status: answer.status, text: await answer.text() };
}
