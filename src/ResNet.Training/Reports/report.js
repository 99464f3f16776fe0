"use strict";
// Shows the values of the epoch under the pointer below each chart. Without this script, the browser shows them as tooltips.
for (const chart of document.querySelectorAll(".chart")) {
  const rule = chart.querySelector(".rule"), readout = chart.querySelector(".readout");
  for (const place of chart.querySelectorAll(".place")) {
    const tooltip = place.querySelector("title"), text = tooltip.textContent;
    place.addEventListener("pointerenter", () => {
      rule.setAttribute("x1", place.dataset.x);
      rule.setAttribute("x2", place.dataset.x);
      rule.classList.add("shown");
      readout.textContent = text;
    });
    tooltip.remove();
  }
  chart.addEventListener("pointerleave", () => {
    rule.classList.remove("shown");
    readout.textContent = "";
  });
}
