// Starts the islands: the small parts of a page that run as WebAssembly. A page works without them.
//
// This stands in for the script that Leptos would write into each page, so that the content security policy can
// forbid inline scripts. It is served beside the bundle, whose versioned folder it so inherits.
import init, * as app from "./tallystick.js";

// Leptos fills these lists from inline scripts. Ours are empty; they exist so that reading them is no error.
for (const name of [
  "__RESOLVED_RESOURCES",
  "__SERIALIZED_ERRORS",
  "__INCOMPLETE_CHUNKS",
  "__PENDING_RESOURCES",
  "__RESOURCE_RESOLVERS",
]) {
  globalThis[name] ??= [];
}

async function start() {
  await init({ module_or_path: new URL("tallystick_bg.wasm", import.meta.url) });
  app.hydrate();
  // Document order, so that an outer island is there before those that it contains.
  for (const island of document.querySelectorAll("leptos-island")) {
    // Makes the enclosing island the owner of what its children create.
    island.closest("leptos-children")?.$$on_hydrate?.();
    await app[island.dataset.component]?.(island);
  }
}

// The page is readable already: wait until the browser has time, but not for ever.
if ("requestIdleCallback" in window) {
  requestIdleCallback(start, { timeout: 1000 });
} else {
  start();
}
