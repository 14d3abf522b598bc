// Lists of messages: what is ticked or typed in one stays as it is while others come.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  const list = event.target;
  if (!list.querySelectorAll) return;
  for (const field of list.querySelectorAll("input:not([type=hidden])")) {
    if (field.type === "checkbox" ? field.checked : field.value) {
      event.preventDefault();
      return;
    }
  }
});
