"use strict";
// Charts that answer to the pointer, to fingers and to arrow keys, in the place of their still pictures; all charts of a
// section show the same moment. Without this script a page is complete.
const drawCharts = (() => {
  const options = {
    mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  };
  const drawn = new Map();
  const day = new Intl.DateTimeFormat("en-GB", {
    timeZone: "UTC", weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  });
  const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

  // What a chart shows over time; a chart of something else has no moments.
  const rowsOf = (spec) =>
    (spec.datasets?.measured ?? spec.layer?.at(-1)?.data?.values ?? []).filter((row) => "at" in row);

  const share = (peak) => (peak >= 10 ? "over 999 %" : `${number.format(100 * peak)} %`);

  const words = (row) => {
    const at = `${day.format(row.at)} UTC: `;
    if ("peak" in row) return at + (row.peak === null ? "not watched" : `${share(row.peak)} of its threshold`);
    if (row.mean === null) return `${at}nothing was measured`;
    const range = row.replays > 1 ? ` (${number.format(row.low)} to ${number.format(row.high)}, ${row.replays} replays)` : "";
    return at + number.format(row.mean) + range;
  };

  const nearest = (rows, moment) =>
    rows.reduce((best, row) => (Math.abs(row.at - moment) < Math.abs(best.at - moment) ? row : best));

  const left = (view) => view.origin()[0] + view.padding().left;

  const linked = (figure) => {
    const all = (figure.closest("section") ?? document).querySelectorAll("figure.alive");
    return [...all].map((one) => drawn.get(one)).filter((one) => one?.rows.length);
  };

  // A moment is a number, or null for none.
  const point = (figure, moment) => {
    for (const one of linked(figure)) {
      one.row = moment === null ? null : nearest(one.rows, moment);
      one.line.hidden = one.row === null;
      one.said.textContent = one.row === null ? "" : words(one.row);
      if (one.row) one.line.style.left = `${left(one.view) + one.view.scale("x")(one.row.at)}px`;
    }
  };

  const step = (one, key) => {
    const { rows } = one;
    const here = one.row === null ? -1 : rows.indexOf(one.row);
    const to = { ArrowRight: here + 1, ArrowLeft: here < 0 ? rows.length - 1 : here - 1, Home: 0, End: rows.length - 1 }[key];
    return rows[Math.min(Math.max(to, 0), rows.length - 1)].at;
  };

  const listen = (figure, stage) => {
    const one = drawn.get(figure);
    let asked = null;
    stage.addEventListener("pointermove", (event) => {
      const x = event.clientX - stage.getBoundingClientRect().left - left(one.view);
      if (asked === null) requestAnimationFrame(() => { point(figure, asked); asked = null; });
      asked = one.view.scale("x").invert(x).getTime();
    });
    stage.addEventListener("pointerleave", () => requestAnimationFrame(() => {
      // Keys scroll the page away from under a pointer that lies still.
      if (!document.activeElement?.matches("figure.alive")) point(figure, null);
    }));
    figure.tabIndex = 0;
    figure.setAttribute("role", "group");
    figure.setAttribute("aria-label", `${one.says}. Arrow keys step through it.`);
    figure.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return point(figure, null);
      if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
      event.preventDefault();
      point(figure, step(one, event.key));
    });
    // One is read out at a time, however many show the moment.
    const aloud = () => one.said.setAttribute("aria-live", "polite");
    figure.addEventListener("focus", aloud);
    if (figure === document.activeElement) aloud();
    figure.addEventListener("blur", () => { one.said.removeAttribute("aria-live"); point(figure, null); });
  };

  const draw = async (figure, spec, looks) => {
    const [stage, line, said] = ["div", "i", "p"].map((name) => document.createElement(name));
    [stage.className, line.className, line.hidden, said.className] = ["stage", "moment", true, "read"];
    figure.append(stage);
    try {
      const { view } = await vegaEmbed(stage, { ...spec, config: looks, width: "container" }, options);
      const rows = rowsOf(spec);
      drawn.set(figure, { view, rows, row: null, line, said, says: spec.description });
      figure.classList.add("alive");
      if (!rows.length) return;
      stage.append(line);
      figure.append(said);
      listen(figure, stage);
    } catch {
      stage.remove();
    }
  };

  return ({ looks, charts }) => {
    for (const [figure, { view }] of drawn) if (!figure.isConnected) { view.finalize(); drawn.delete(figure); }
    const seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        draw(target, charts[target.dataset.chart], looks);
      }
    }, { rootMargin: "200px" });
    for (const figure of document.querySelectorAll("figure[data-chart]")) {
      if (figure.dataset.drawn) continue;
      if (!charts[figure.dataset.chart]) {
        // There was no room for it, and it may have no picture.
        figure.hidden = !figure.firstElementChild;
        continue;
      }
      figure.dataset.drawn = "yes";
      seen.observe(figure);
    }
  };
})();

// A report carries its charts with it; a page of the dashboard asks for them.
const book = document.getElementById("charts");
if (book) drawCharts(JSON.parse(book.textContent));
