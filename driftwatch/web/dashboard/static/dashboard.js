"use strict";
// Keeps a page up to date, and sends what a person decides. Without this script every page can be read.
(() => {
  const EVERY_MS = 10000;
  let mark = null;

  // Only what differs is exchanged: what is read, focused or opened stays where it is.
  const exchange = (page) => {
    for (const region of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(region.id);
      if (!fresh || fresh.innerHTML === region.innerHTML) continue;
      const focused = region.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      region.replaceChildren(...fresh.childNodes);
      if (focused) for (const link of region.querySelectorAll("a")) if (link.getAttribute("href") === focused) { link.focus(); break; }
    }
    document.title = page.title;
  };

  const look = async () => {
    const made = document.getElementById("made");
    try {
      const answer = await fetch(location.href, { headers: mark ? { "If-None-Match": mark } : {}, cache: "no-store" });
      if (answer.status === 200) {
        mark = answer.headers.get("etag");
        exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
      made.classList.toggle("stale", !answer.ok && answer.status !== 304);
    } catch {
      made.classList.add("stale");
    }
  };

  setInterval(() => { if (!document.hidden) look(); }, EVERY_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
})();
