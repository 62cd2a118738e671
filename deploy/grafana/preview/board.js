// deploy/grafana/preview/board.js - reads the dashboard, asks Prometheus for each panel, has it drawn.
// In the address: prometheus=URL (http://localhost:9090), last=SECONDS (3600), instance=REGEX (.*), step=SECONDS, rate=SECONDS ($__rate_interval),
// rows=FIRST-LAST (of the grid, to print a part).
"use strict";

const asked = new URLSearchParams(location.search);
const PROMETHEUS = asked.get("prometheus") || "http://localhost:9090";
const LAST = Number(asked.get("last") || 3600);
const TO = Number(asked.get("to") || Date.now() / 1000), FROM = TO - LAST;
const STEP = Number(asked.get("step") || Math.max(1, Math.round(LAST / 240)));
const RATE = Number(asked.get("rate") || Math.max(4 * STEP, 60));
const ROWS = (asked.get("rows") || "0-10000").split("-").map(Number);

function replaced(expression) {
  return expression.replaceAll("$__rate_interval", `${RATE}s`).replaceAll("$instance", asked.get("instance") || ".*");
}

function nameOf(target, labels) {
  if (target.legendFormat === undefined) return Object.entries(labels).map(([key, value]) => `${key}="${value}"`).join(", ");
  return target.legendFormat.replace(/{{\s*(\w+)\s*}}/g, (_, label) => labels[label] ?? "").trim();
}

async function ask(target, isStat) {
  const query = new URLSearchParams({query: replaced(target.expr), start: isStat ? TO - STEP : FROM, end: TO, step: STEP});
  const answer = await (await fetch(`${PROMETHEUS}/api/v1/query_range?${query}`)).json();
  if (answer.status !== "success") throw new Error(`${answer.error}: ${target.expr}`);
  return answer.data.result.map((one) => ({name: nameOf(target, one.metric), points: one.values.map(([time, value]) => [time, Number(value)])}))
    .filter((one) => one.points.some(([, value]) => Number.isFinite(value)));
}

async function show(panel) {
  const section = document.createElement("section");
  const {x, y, w, h} = panel.gridPos;
  section.style.gridColumn = `${x + 1} / span ${w}`;
  section.style.gridRow = `${y - ROWS[0] + 1} / span ${h}`;
  section.innerHTML = "<h2></h2>";
  section.firstChild.textContent = panel.title;
  section.title = panel.description || "";
  document.querySelector("main").append(section);
  if (panel.type === "row") {
    section.className = "row";
    return;
  }
  try {
    const found = await Promise.all(panel.targets.map((target) => ask(target, panel.type === "stat")));
    drawPanel(section, panel, found.flat(), FROM, TO);
  } catch (error) {
    section.append(Object.assign(document.createElement("div"), {className: "error", textContent: String(error)}));
    section.dataset.empty = "yes";
  }
}

async function main() {
  const board = await (await fetch("../penstock.json")).json();
  const panels = board.panels.filter(({gridPos}) => gridPos.y >= ROWS[0] && gridPos.y < ROWS[1]);
  await Promise.all(panels.map(show));
  const empty = [...document.querySelectorAll("[data-empty]")].map((section) => section.querySelector("h2").textContent);
  document.body.dataset.ready = empty.length === 0 ? "all panels have data" : `no data: ${empty.join("; ")}`;
}

main();
