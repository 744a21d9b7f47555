// A tiny shop: the advertiser's side. It listens on 127.0.0.1 while Tallystick is reached as localhost, which makes them
// two sites to the browser. (Two ports of one host would be the same site, and prove nothing about cookies.)

import { type IncomingMessage, type ServerResponse, createServer } from "node:http";

type Before = (request: IncomingMessage, response: ServerResponse) => void;

export type Shop = {
  url: string;
  /** Paths with query, in the order in which they were asked for. */
  requests: string[];
  /** Serves this HTML at this path from now on; every other path gets an empty page. */
  setPage(path: string, html: string): void;
  /** Answers this path with 302 to another address from now on. */
  setRedirect(path: string, location: string): void;
  /** Sees every request before its page from now on, and may set headers. */
  setBefore(before: Before): void;
  stop(): Promise<void>;
};

export async function startShop(): Promise<Shop> {
  const pages = new Map<string, string>();
  const redirects = new Map<string, string>();
  const requests: string[] = [];
  let before: Before = () => {};
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://shop").pathname;
    if (path === "/favicon.ico") {
      response.writeHead(204).end();
      return;
    }
    requests.push(request.url ?? "/");
    before(request, response);
    const location = redirects.get(path);
    if (location) {
      response.writeHead(302, { Location: location, "Cache-Control": "no-store" }).end();
      return;
    }
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" });
    response.end(pages.get(path) ?? "<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    setPage: (path, html) => void pages.set(path, html),
    setBefore: (next) => void (before = next),
    setRedirect: (path, location) => void redirects.set(path, location),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
