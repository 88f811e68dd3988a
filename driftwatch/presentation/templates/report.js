"use strict";
// Charts that answer to the pointer, in the place of their still pictures. Without this script the page is complete.
(() => {
  const book = JSON.parse(document.getElementById("charts").textContent);
  const options = {
    mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  };
  const draw = (figure) => {
    const spec = book.charts[figure.dataset.chart];
    if (!spec || figure.dataset.drawn) return;
    figure.dataset.drawn = "yes";
    const stage = document.createElement("div");
    stage.className = "stage";
    figure.append(stage);
    vegaEmbed(stage, { ...spec, config: book.looks, width: "container" }, options).then(
      () => figure.classList.add("alive"),
      () => stage.remove(),
    );
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "200px" });
  for (const figure of document.querySelectorAll("figure[data-chart]")) seen.observe(figure);
})();
