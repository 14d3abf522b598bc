// The list of messages: what is ticked stays as it is while others come.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  const list = event.target;
  if (list.querySelector && list.querySelector('input[name="place"]:checked')) event.preventDefault();
});
