// Lists of messages: while something is ticked, typed or chosen by the keyboard there, the list
// stays as it is, and says how many have come meanwhile.
"use strict";

const BOXES = "tbody input[type=checkbox]";

function inUse(list) {
  if (list.contains(document.activeElement)) return true;
  return [...list.querySelectorAll("input:not([type=hidden])")].some(
    (field) => (field.type === "checkbox" ? field.checked : field.value));
}

async function tell(list) {
  const news = list.querySelector("[data-news]");
  if (!news) return;
  const answer = await fetch(list.getAttribute("hx-get"), { credentials: "same-origin" });
  if (!answer.ok) return;
  const there = new Set([...list.querySelectorAll(BOXES)].map((box) => box.value));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const boxes = [...fresh.querySelectorAll(`#${list.id} ${BOXES}`)];
  const count = boxes.filter((box) => !there.has(box.value)).length;
  news.querySelector("strong").textContent = count;
  news.hidden = !count;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const list = event.target;
  if (!list.querySelectorAll || !inUse(list)) return;
  event.preventDefault();
  tell(list).catch(() => {}); // the server is away: the next event asks again
});
