// What the pages do by themselves. All of them work without it.
"use strict";

// The viewer's time zone, so that the next page has its times in it
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes("zone=" + encodeURIComponent(zone))) {
  document.cookie = "zone=" + encodeURIComponent(zone) + "; path=/; max-age=31536000; samesite=lax";
}

// What htmx sends shows that it comes from a page of ours
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.body.dataset.csrf || "";
});

// How many a form is about: those that are ticked, or all that is found
function meant(form, button) {
  const every = form.elements.all;
  if (every && every.checked) return button.dataset.askEvery;
  const fields = [...form.querySelectorAll(`input[name="${CSS.escape(button.dataset.askOf)}"]`)];
  return fields.filter((field) => field.type === "hidden" || field.checked).length;
}

// A button that does what can't be undone asks first; the server need not ask once more then
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !button.dataset.ask) return;
  const number = button.dataset.askOf ? meant(event.target, button) : "";
  if (number === 0) return; // nothing is ticked: the answer says so
  if (!window.confirm(`${button.dataset.ask} ${number}`.trim())) {
    event.preventDefault();
    return;
  }
  const asked = Object.assign(document.createElement("input"), { type: "hidden", name: "asked", value: "1" });
  event.target.append(asked);
  setTimeout(() => asked.remove()); // sent by then; who comes back is asked again
});

// One box ticks all of a table
document.addEventListener("change", (event) => {
  const name = event.target.dataset && event.target.dataset.all;
  if (!name) return;
  for (const box of event.target.form.querySelectorAll(`input[name="${CSS.escape(name)}"]`)) {
    box.checked = event.target.checked;
  }
});

// What happens on the server, as events `live:messages`, `live:queue`, `live:log`, `live:tickets`
// and `live:server` on the body: what should follow says hx-trigger="live:queue from:body"
if (document.body && document.body.dataset.csrf) {
  const live = new EventSource("/events");
  for (const topic of ["messages", "queue", "log", "tickets", "server"]) {
    live.addEventListener(topic, (event) => {
      document.body.dispatchEvent(new CustomEvent("live:" + topic, { detail: event.data }));
    });
  }
}

// The menu of a phone closes by a touch beside it, and by Escape
const drawer = document.querySelector("details.drawer");
if (drawer) {
  document.addEventListener("click", (event) => {
    if (!drawer.contains(event.target)) drawer.open = false;
  });
  drawer.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    drawer.open = false;
    drawer.querySelector("summary").focus();
  });
}
