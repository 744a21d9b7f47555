// First-party capture: keeps this browser's click ids on the advertiser's own site, tells the network once that a click
// has arrived, and reports conversions: tallystick.convert({ order_id, event, amount, currency }).
(() => {
  const script = document.currentScript;
  // A page inside a page is nobody's landing.
  if (!script || window.top !== window.self) return;
  // With data-kept-by="server" the shop's server sets the cookie by header, which some browsers keep longer: then it is
  // left alone, unless an id turns out not to be ours.
  const { campaign = "", parameter = "click_id", keptBy } = script.dataset;
  const origin = new URL(script.src).origin;
  const name = `ts_${campaign}`;
  const digits = "0123456789abcdefghjkmnpqrstvwxyz";
  const shape = new RegExp(`^[${digits}]{44}$`);
  const monthSeconds = 2592000;

  // The millisecond that an id carries; only differences of it mean something.
  const time = (id) =>
    Math.floor([...id.slice(1, 11)].reduce((sum, digit) => sum * 32 + digits.indexOf(digit), 0) / 16) % 2 ** 43;

  const kept = () => {
    const pair = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`)) ?? "";
    return pair.slice(name.length + 1).split(".").filter((id) => shape.test(id));
  };

  // The newest three and the oldest one that is still inside the window. Ids sort by their time.
  const choose = (ids, seconds) => {
    const older = ids.slice(3).filter((id) => time(ids[0]) - time(id) < seconds * 1000);
    return [...ids.slice(0, 3), ...older.slice(-1)];
  };

  // Until the network has said how long a click counts, none of a few is dropped.
  const keep = (ids, seconds) => {
    const sorted = [...new Set(ids)].sort().reverse();
    const value = (seconds ? choose(sorted, seconds) : sorted.slice(0, 8)).join(".");
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Max-Age=${value ? (seconds ?? monthSeconds) : 0}; Path=/; SameSite=Lax${secure}`;
  };

  // The id that landed last in this tab, and for how many seconds a click counts, as the network said then. Storage may
  // be switched off: then a page that is loaded again reports again, and the network ignores it.
  const remember = (landed) => {
    try {
      if (landed) sessionStorage[name] = landed;
      return sessionStorage[name].split(" ");
    } catch {
      return [];
    }
  };

  const land = async (id, tries) => {
    const body = new URLSearchParams({ campaign, click_id: id, path: location.pathname });
    const answer = await fetch(`${origin}/landing`, { method: "POST", credentials: "omit", keepalive: true, body });
    const { seconds } = answer.ok ? await answer.json() : {};
    if (seconds) {
      remember(`${id} ${seconds}`);
      if (keptBy !== "server") keep(kept(), seconds);
    } else if (answer.status === 422 && kept().includes(id)) {
      keep(kept().filter((other) => other !== id));
    } else if (answer.status === 503 && tries) {
      setTimeout(() => land(id, tries - 1).catch(() => {}), 3000);
    }
  };

  const given = (new URLSearchParams(location.search).get(parameter) ?? "").toLowerCase();
  if (shape.test(given) && remember()[0] !== given) {
    if (keptBy !== "server") keep([given, ...kept()]);
    land(given, 2).catch(() => {});
  }

  window.tallystick = {
    convert(order) {
      // A report takes four at most. Whether each still counts the network knows better.
      const ids = kept();
      const told = ids.length > 4 ? choose(ids, remember()[1] ?? Infinity) : ids;
      const fields = Object.entries({ click_id: told.join("."), ...order });
      const query = new URLSearchParams(fields.filter(([, value]) => value != null && value !== ""));
      const url = `${origin}/pixel/${campaign}.gif?${query}`;
      // The answer is for nobody here; it stands among the advertiser's latest reports.
      return fetch(url, { mode: "no-cors", credentials: "include", keepalive: true }).then(() => {}, () => {});
    },
  };
})();
