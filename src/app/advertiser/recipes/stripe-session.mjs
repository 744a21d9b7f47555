// stripe-session.mjs: the click ids of this browser travel with its checkout session.
//   stripe.checkout.sessions.create(withClickId(request, { mode: "payment", line_items, success_url }))
const COOKIE = "ts_{campaign}";
const COOKIE_SECONDS = {seconds};
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const CLICK_ID = /^[0-9a-hjkmnp-tv-z]{44}$/;

export function withClickId(request, session) {
  const cookies = (request.headers.cookie ?? "").split("; ");
  const pair = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`)) ?? "";
  const kept = choose(pair.slice(COOKIE.length + 1).split(".").filter((id) => CLICK_ID.test(id))).join(".");
  if (!kept) return session;
  return { ...session, metadata: { ...session.metadata, tallystick: kept } };
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
