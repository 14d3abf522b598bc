// Buttons that copy what stands beside them; without scripts they are not shown.
"use strict";

function show(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = button.parentElement.querySelector("pre, code");
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.classList.add("done");
  } catch {
    // Not under TLS: then what is to be copied is marked, at least
    window.getSelection().selectAllChildren(source);
  }
});
document.addEventListener("htmx:afterSettle", () => show(document));
show(document);
