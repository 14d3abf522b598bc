// What is ticked stays ticked when the list follows the queue.
"use strict";

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id !== "jobs") return;
  const ticked = new Set(
    [...document.querySelectorAll('#jobs input[name="job"]:checked')].map((box) => box.value));
  document.addEventListener("htmx:afterSwap", () => {
    for (const box of document.querySelectorAll('#jobs input[name="job"]')) {
      box.checked = ticked.has(box.value);
    }
  }, { once: true });
});
