// The charts of the dashboard, drawn and kept up to date. Without scripts, or without uPlot, lines
// of SVG stand there.
"use strict";

const charts = document.querySelector("[data-charts]");
const COLOURS = ["#0b6e4f", "#b3261e", "#8a5300", "#1f5fa8", "#6b4fa3"];
// Told apart without colours too
const DASHES = [[], [], [], [8, 4], [2, 3]];
const drawn = new Map();

function colours() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  return dark ? ["#5fd3a6", "#ff9d94", "#ffc26b", "#7db5f5", "#c5a8f5"] : COLOURS;
}

const STEPS_UP = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];

// The least step that needs five lines at most
function stepUp(most) {
  return STEPS_UP.find((step) => most <= step * 5) || Math.ceil(most / 5);
}

// The highest number of the scale lies at the line or above it
function topOf(most) {
  const step = stepUp(most);
  return Math.max(1, Math.ceil(most / step) * step);
}

function draw(figure, told) {
  const keys = figure.dataset.keys.trim().split(" ");
  const labels = figure.dataset.labels.split("|");
  const data = [told.times, ...keys.map((key) => told.series[key])];
  if (drawn.has(figure)) {
    drawn.get(figure).setData(data);
    return;
  }
  if (told.times.length < 2) return;
  const faint = { stroke: "rgba(128, 128, 128, .25)", width: 1 };
  const axis = { stroke: getComputedStyle(figure).color, grid: faint, ticks: faint };
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
  const exact = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  const times = (_plot, ticks, _axis, _space, step) =>
    ticks.map((at) => (step < 60 ? exact : clock).format(new Date(at * 1000)));
  const place = document.createElement("div");
  const old = figure.querySelector("svg, p.hint");
  if (old) old.replaceWith(place);
  const plot = new uPlot({
    width: place.clientWidth || 400,
    height: 180,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _least, most) => [0, topOf(most || 0)] } },
    axes: [{ ...axis, values: times, space: 60, incrs: [5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400] }, { ...axis, size: 44, space: 20, incrs: (_plot, _axis, _least, most) => [stepUp(most)] }],
    series: [{}, ...keys.map((key, place_) => ({
      label: labels[place_], stroke: colours()[place_], dash: DASHES[place_], width: 2, points: { show: false },
    }))],
  }, data, place);
  drawn.set(figure, plot);
}

async function refresh() {
  try {
    const answer = await fetch(charts.dataset.charts, { credentials: "same-origin" });
    if (!answer.ok) return;
    const told = await answer.json();
    for (const figure of charts.querySelectorAll("figure")) draw(figure, told);
  } catch {
    // The server is away: what is drawn stays, and it is asked again
  }
}

if (charts && window.uPlot) {
  refresh();
  setInterval(() => { if (!document.hidden) refresh(); }, 10000);
  window.addEventListener("resize", () => {
    for (const [figure, plot] of drawn) plot.setSize({ width: figure.clientWidth, height: 180 });
  });
}
