// Buttons that copy. Where the browser lets nobody copy (pages without TLS), what is to be copied is
// marked instead, so that the keys do it.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.value || source.textContent);
    } catch {
      window.getSelection().selectAllChildren(source);
      return;
    }
    const label = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
