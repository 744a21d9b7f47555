// What a custom pixel is given: analytics and browser. Plays the recorded events, then prints the cookies.
import { readFileSync } from "node:fs";

const [pixel, ...events] = process.argv.slice(2).map((file) => readFileSync(file, "utf8"));
const cookies = new Map();
const handlers = new Map();
const analytics = { subscribe: (name, handler) => void handlers.set(name, handler) };
const browser = {
  cookie: {
    get: async (name) => cookies.get(name)?.split(";")[0] ?? "",
    async set(text) {
      const [name, ...value] = text.split("=");
      cookies.set(name, value.join("="));
    },
  },
};
new Function("analytics", "browser", pixel)(analytics, browser);
for (const event of events.map((text) => JSON.parse(text))) await handlers.get(event.name)(event);
console.log(JSON.stringify(Object.fromEntries(cookies)));
