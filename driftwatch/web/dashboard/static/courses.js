"use strict";
// Puts charts that answer in the place of an endpoint's pictures, once the page stands; without them the pictures stay.
(() => {
  const place = document.getElementById("courses");
  let loaded = null;

  const load = (address) => new Promise((done, failed) => {
    const script = document.createElement("script");
    [script.src, script.async, script.onload, script.onerror] = [address, false, done, failed];
    document.head.append(script);
  });

  const draw = async () => {
    try {
      loaded ??= Promise.all(place.dataset.scripts.split(" ").map(load));
      const [answer] = await Promise.all([fetch(place.dataset.charts), loaded]);
      if (answer.ok) drawCharts(await answer.json());
    } catch {
      loaded = null;  // asked for again with the next replay
    }
  };

  place.addEventListener("exchanged", draw);
  if (document.readyState === "complete") draw();
  else window.addEventListener("load", draw);
})();
