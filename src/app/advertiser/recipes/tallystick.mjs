// tallystick.mjs: keeps the click ids of a browser and reports orders, signed. It needs Node 18 or newer, and nothing
// else. The secret of the signatures is read from the environment variable TALLYSTICK_SECRET.
import { createHash, createHmac } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";

const NETWORK = "{base}";
const CAMPAIGN = "{campaign}";
const COOKIE = `ts_${CAMPAIGN}`;
const COOKIE_SECONDS = {seconds};
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const CLICK_ID = /^[0-9a-hjkmnp-tv-z]{44}$/;
const TIMEOUT_MS = 5_000;
const TRIES = 6;

/** On every page where visitors land, before the answer: in Express, app.use((q, s, next) => (capture(q, s), next())). */
export function capture(request, response) {
  const parameters = new URLSearchParams(request.url.split("?")[1] ?? "");
  const given = (parameters.get("{parameter}") ?? "").toLowerCase();
  const ids = kept(request);
  if (!CLICK_ID.test(given) || ids.includes(given) || isAhead(given)) return;
  const secure = request.socket?.encrypted || request.headers["x-forwarded-proto"] === "https" ? "; Secure" : "";
  const list = choose([given, ...ids]).join(".");
  const cookie = `${COOKIE}=${list}; Max-Age=${COOKIE_SECONDS}; Path=/; SameSite=Lax${secure}`;
  response.setHeader("Set-Cookie", [].concat(response.getHeader("Set-Cookie") ?? [], cookie));
  // No cache in front may keep a page with somebody's cookie.
  response.setHeader("Cache-Control", "no-store, private");
}

/** The click ids of this browser as a report takes them: store the text with the order. */
export function clickId(request) {
  return choose(kept(request)).join(".");
}

/**
 * Reports { click_id, order_id, amount: "49.90", currency }; the amount is without tax and shipping. Never let a
 * customer wait for it: report(order).catch(console.error). It tries for about twenty minutes while the network cannot
 * be reached; a queue of yours that survives a restart is better still, with tries = 1. A report that may come late says
 * when the order was made: occurred_at, as in 2026-03-02T10:15:00.999Z, the same in every report of the order.
 */
export async function report(order, tries = TRIES) {
  if (!order.click_id) return null; // nobody's order
  for (let tried = 1; ; tried += 1) {
    const { status, text } = await send(order);
    if (status >= 200 && status < 300) return JSON.parse(text);
    const passes = status === 0 || status === 429 || status >= 500;
    if (!passes || tried >= tries) throw new Error(`order ${order.order_id} was not reported: ${status} ${text}`);
    await wait(1_000 * 4 ** tried);
  }
}

/** Status and answer; status 0 where there was none. */
async function send(order) {
  const ts = Math.floor(Date.now() / 1000);
  const query = new URLSearchParams({ campaign: CAMPAIGN, event: "{event}", ...order, ts }).toString();
  const body = createHash("sha256").update("").digest("hex");
  const signed = [ts, "GET", "/postback", query, body].join("\n");
  const signature = createHmac("sha256", process.env.TALLYSTICK_SECRET).update(signed).digest("hex");
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(`${NETWORK}/postback?${query}&sig=${signature}`, { signal, redirect: "error" });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    return { status: 0, text: String(error) };
  }
}

function kept(request) {
  const cookies = (request.headers.cookie ?? "").split("; ");
  const pair = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`)) ?? "";
  return pair.slice(COOKIE.length + 1).split(".").filter((id) => CLICK_ID.test(id));
}

/** The newest three, and the oldest one that still counts. Ids sort by their time. */
function choose(ids) {
  const sorted = [...new Set(ids)].sort().reverse();
  const counts = (id) => milliseconds(sorted[0]) - milliseconds(id) < COOKIE_SECONDS * 1_000;
  return [...sorted.slice(0, 3), ...sorted.slice(3).filter(counts).slice(-1)];
}

/** Of a time to come, but for a day in which clocks may differ: made up, to crowd true ids out. */
const isAhead = (id) => milliseconds(id) > Date.now() - Date.UTC(2020, 0) + 86_400_000;

/** The millisecond since 2020 that an id carries. */
function milliseconds(id) {
  const number = [...id.slice(1, 11)].reduce((sum, digit) => sum * 32 + DIGITS.indexOf(digit), 0);
  return Math.floor(number / 16) % 2 ** 43;
}
