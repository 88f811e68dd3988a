"use strict";
// Keeps a page up to date, and sends what a person decides. Without this script every page can be read.
(() => {
  const EVERY_MS = 10000;
  let mark = null;

  // What only this script can send is not offered without it.
  document.documentElement.classList.add("scripted");

  // Who is writing is not interrupted.
  const writing = (region) => [...region.querySelectorAll("input")].some((input) => input.value || input === document.activeElement);

  // What the server said last: a chart, or an opened detail, is no news of its.
  const said = new Map([...document.querySelectorAll("[data-live]")].map((region) => [region.id, region.innerHTML]));

  // A chart takes the keyboard once it is drawn; until then the place is kept for it.
  const focusAgain = (region, { dataset: { chart } = {}, href }) => {
    for (const one of region.querySelectorAll("a, figure")) {
      if (chart ? one.dataset.chart !== chart : !href || one.href !== href) continue;
      if (chart) one.tabIndex = -1;
      one.focus({ preventScroll: true });
      return;
    }
  };

  // Only what differs is exchanged: what is read, focused or opened stays where it is.
  const exchange = (page) => {
    for (const region of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(region.id);
      if (!fresh || fresh.innerHTML === said.get(region.id) || writing(region)) continue;
      said.set(region.id, fresh.innerHTML);
      const focused = region.contains(document.activeElement) ? document.activeElement : null;
      region.replaceChildren(...fresh.childNodes);
      if (focused) focusAgain(region, focused);
      region.dispatchEvent(new Event("exchanged"));
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

  // The token goes into a header, which no page of another site can make a browser send; it is kept nowhere.
  const send = async (form, verb) => {
    const { by, token, comment } = Object.fromEntries(new FormData(form));
    const silence = verb === "silence";
    const body = silence ? { endpoint: form.dataset.endpoint, hours: 4, by, comment } : { by, comment };
    const answer = await fetch(silence ? form.dataset.silences : `${form.dataset.incident}/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
      credentials: "omit",
    });
    const told = await answer.json().catch(() => ({}));
    // Its own place: the form goes with the incident that has ended.
    if (answer.ok) document.getElementById("next").textContent = told.advice ?? "";
    if (answer.ok) return "";
    if (answer.status === 401) return "The token is another one.";
    return typeof told.detail === "string" ? told.detail : "It was refused: a silence needs a reason, everything a name.";
  };

  // Enter decides nothing: it would press whichever button comes first.
  document.addEventListener("submit", (event) => { if (event.target.matches("[data-act]")) event.preventDefault(); });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-act] button[name=verb]");
    if (!button || !button.form.reportValidity()) return;
    const form = button.form;
    const said = form.querySelector(".said");
    button.disabled = true;
    let wrong;
    try {
      wrong = await send(form, button.value);
    } catch {
      wrong = "driftwatch could not be reached; nothing is known to have changed.";
    }
    said.classList.toggle("wrong", Boolean(wrong));
    said.textContent = wrong || "Done.";
    button.disabled = false;
    if (wrong) return;
    for (const input of form.querySelectorAll("input")) if (input.name !== "by") input.value = "";
    document.activeElement.blur();
    form.elements.by.value = "";
    mark = null;
    await look();
    document.getElementById("main").focus();
  });

  setInterval(() => { if (!document.hidden) look(); }, EVERY_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
})();
