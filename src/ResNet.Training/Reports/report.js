"use strict";
// Under each chart, the values of the epoch that is pointed at; without this script they are told by the browser's own hints.
for (const chart of document.querySelectorAll(".chart")) {
  const rule = chart.querySelector(".rule"), readout = chart.querySelector(".readout");
  for (const place of chart.querySelectorAll(".place")) {
    const hint = place.querySelector("title"), text = hint.textContent;
    place.addEventListener("pointerenter", () => {
      rule.setAttribute("x1", place.dataset.x);
      rule.setAttribute("x2", place.dataset.x);
      rule.classList.add("shown");
      readout.textContent = text;
    });
    hint.remove();
  }
  chart.addEventListener("pointerleave", () => {
    rule.classList.remove("shown");
    readout.textContent = "";
  });
}
