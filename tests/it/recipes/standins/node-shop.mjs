// A shop on Node: a page where visitors land, and one that has just stored a paid order.
import { createServer } from "node:http";
import { capture, clickId, report } from "./tallystick.mjs";

const server = createServer(async (request, response) => {
  capture(request, response);
  const { pathname, searchParams } = new URL(request.url, "http://shop");
  if (pathname !== "/order") return response.end("a page");
  const order = { click_id: clickId(request), order_id: searchParams.get("id"), amount: "49.90", currency: "EUR" };
  const told = await report(order, 1).catch((error) => ({ error: error.message }));
  response.end(JSON.stringify(told));
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log(`listening on port ${server.address().port}`));
