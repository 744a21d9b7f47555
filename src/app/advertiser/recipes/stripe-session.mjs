// stripe-session.mjs: the click ids of this browser travel with its checkout session.
//   stripe.checkout.sessions.create(withClickId(request, { mode: "payment", line_items, success_url }))
const COOKIE = "ts_{campaign}";
const CLICK_IDS = /^[0-9a-hjkmnp-tv-z]{44}(\.[0-9a-hjkmnp-tv-z]{44}){0,3}$/;

export function withClickId(request, session) {
  const cookies = (request.headers.cookie ?? "").split("; ");
  const pair = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`)) ?? "";
  const kept = pair.slice(COOKIE.length + 1).split(".").slice(0, 4).join(".");
  if (!CLICK_IDS.test(kept)) return session;
  return { ...session, metadata: { ...session.metadata, tallystick: kept } };
}
