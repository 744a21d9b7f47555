// stripe-webhook.mjs: receives checkout.session.completed and checkout.session.async_payment_succeeded, and reports the
// paid session as JSON with a key of the campaign. Needs Node 18 or newer.
//   TALLYSTICK_KEY=… STRIPE_WEBHOOK_SECRET=whsec_… PORT=3000 node stripe-webhook.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const NETWORK = "{base}";
const BODY_BYTES_MAX = 1_000_000;
const TIMEOUT_MS = 5_000;
const AGE_MAX_SECONDS = 300;
const COOKIE_SECONDS = {seconds};
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const CLICK_IDS = /^[0-9a-hjkmnp-tv-z]{44}(\.[0-9a-hjkmnp-tv-z]{44})*$/;
// Stripe counts these three in other units than ISO 4217 does; all others, with two, three or no decimals, in the same.
const UNITS = { ISK: 1 / 100, UGX: 1 / 100, MGA: 100 };
const { TALLYSTICK_KEY, STRIPE_WEBHOOK_SECRET, PORT = "3000" } = process.env;
if (!TALLYSTICK_KEY || !STRIPE_WEBHOOK_SECRET) throw new Error("the key and the secret must be set");

const server = createServer(async (request, response) => {
  const status = await receive(request).catch((error) => (console.error(error), 503));
  response.writeHead(status).end();
});
server.listen(Number(PORT), () => console.log(`listening on port ${server.address().port}`));

/** The status for Stripe: it sends again, for days, until it gets a 2xx. The network takes that for the same order. */
async function receive(request) {
  const body = await read(request);
  if (!body) return 413;
  if (!isStripe(body, request.headers["stripe-signature"])) return 400;
  const { type, data } = JSON.parse(body.toString("utf8"));
  const session = data.object;
  const isEnd = ["checkout.session.completed", "checkout.session.async_payment_succeeded"].includes(type);
  if (!isEnd || session.payment_status !== "paid") return 200;
  // A payment link has no metadata, but takes ?client_reference_id=…, where an underscore stands for the dot.
  const clickId = session.metadata?.tallystick ?? session.client_reference_id?.replaceAll("_", ".");
  if (!CLICK_IDS.test(clickId ?? "")) return 200; // nobody's order, or a reference of yours
  const { status, text } = await report({
    click_id: choose(clickId.split(".")).join("."),
    order_id: session.id,
    event: "{event}",
    amount_minor: minorUnits(session),
    currency: session.currency.toUpperCase(),
    // Whole seconds: the end of this one, since the click may have been in it.
    occurred_at: new Date(session.created * 1_000 + 999).toISOString(),
    test: !session.livemode,
  });
  if (status >= 500 || status === 429) throw new Error(`${session.id}: ${status} ${text}`);
  // A refusal would be the same again: what is wrong stands in the answer, and among the campaign's requests.
  if (status >= 300) console.error(`${session.id} was refused: ${status} ${text}`);
  return 200;
}

/** After discounts, without tax and shipping, in the units of ISO 4217. */
export function minorUnits({ amount_total, total_details, currency }) {
  const { amount_tax = 0, amount_shipping = 0 } = total_details ?? {};
  const amount = amount_total - amount_tax - (amount_shipping ?? 0);
  return Math.round(amount * (UNITS[currency.toUpperCase()] ?? 1));
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

/** Whether Stripe signed exactly these bytes, just now: t=…, and one of the v1=… fits. */
function isStripe(body, header = "") {
  const pairs = header.split(",").map((pair) => pair.trim().split("="));
  const time = pairs.find(([name]) => name === "t")?.[1] ?? "";
  const age = Math.abs(Date.now() / 1_000 - Number(time));
  if (!/^\d+$/.test(time) || age > AGE_MAX_SECONDS) return false;
  const expected = createHmac("sha256", STRIPE_WEBHOOK_SECRET).update(`${time}.`).update(body).digest();
  const given = pairs.filter(([name]) => name === "v1").map(([, value]) => Buffer.from(value ?? "", "hex"));
  return given.some((value) => value.length === expected.length && timingSafeEqual(value, expected));
}

async function report(order) {
  const answer = await fetch(`${NETWORK}/api/v1/conversions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TALLYSTICK_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(TIMEOUT_MS),
    redirect: "error",
  });
  return { status: answer.status, text: await answer.text() };
}
