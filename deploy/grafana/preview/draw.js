// deploy/grafana/preview/draw.js - a panel's series as Grafana draws them, roughly: lines, states or numbers.
// A series is {name, points: [[seconds, value], ...]}.
"use strict";

const PALETTE = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300", "#447ebc", "#c15c17",
  "#890f02", "#0a437c", "#6d1f62", "#584477", "#b7dbab", "#f4d598", "#70dbed", "#f9ba8f"];
const NAMED = {red: "#f2495c", green: "#56a64b", orange: "#ff9830", yellow: "#fade2a", blue: "#5794f2", text: "#ccccdc"};
const LEFT = 64, BOTTOM = 16, TOP = 6, RIGHT = 8;

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function last(series) {
  return series.points.length ? series.points[series.points.length - 1][1] : NaN;
}

// The step whose value is the greatest not above ours; Grafana's first step has null.
function thresholdColour(defaults, value) {
  const steps = (defaults.thresholds || {steps: []}).steps;
  const step = steps.filter((one) => one.value === null || one.value === undefined || value >= one.value).pop();
  return step ? NAMED[step.color] || step.color : "#56a64b";
}

function mapped(defaults, value) {
  return (defaults.mappings || []).filter((one) => one.type === "value").map((one) => one.options[String(value)]).find((one) => one) || {};
}

function colourOf(defaults, value) {
  const {color} = mapped(defaults, value);
  return color ? NAMED[color] || color : thresholdColour(defaults, value);
}

function asText(defaults, value) {
  return mapped(defaults, value).text || withUnit(value, defaults.unit);
}

function niceTicks(least, most, count, unit) {
  const raw = (most - least) / count || 1;
  const power = unit === "bytes" ? 2 ** Math.floor(Math.log2(raw)) : 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw);
  const ticks = [];
  for (let tick = Math.ceil(least / step) * step; tick <= most + step / 1e6; tick += step) ticks.push(tick);
  return ticks;
}

// `left`: what the names or numbers on the left take.
function frame(body, from, to, left) {
  const width = body.clientWidth, height = body.clientHeight;
  const svg = element("svg", {viewBox: `0 0 ${width} ${height}`});
  const x = (time) => left + (time - from) / (to - from) * (width - left - RIGHT);
  for (let i = 0; i <= 4; ++i) {
    const time = from + (to - from) * i / 4;
    const label = new Date(time * 1000).toISOString().slice(11, 19);
    svg.append(element("text", {x: x(time), y: height - 3, "text-anchor": i === 0 ? "start" : i === 4 ? "end" : "middle"}, label));
  }
  body.append(svg);
  return {svg, x, width, height};
}

function drawLines(body, panel, all, from, to) {
  const defaults = panel.fieldConfig.defaults;
  const {svg, x, width, height} = frame(body, from, to, LEFT);
  const values = all.flatMap((series) => series.points.map(([, value]) => value)).filter(Number.isFinite);
  let least = defaults.min ?? Math.min(0, ...values), most = defaults.max ?? 1.05 * Math.max(...values);
  if (!(most > least)) most = least + 1;
  const y = (value) => height - BOTTOM - (Math.min(most, Math.max(least, value)) - least) / (most - least) * (height - BOTTOM - TOP);
  for (const tick of niceTicks(least, most, 4, defaults.unit)) {
    svg.append(element("line", {x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick), stroke: "#2a2d33"}));
    svg.append(element("text", {x: LEFT - 6, y: y(tick) + 3, "text-anchor": "end"}, withUnit(tick, defaults.unit)));
  }
  for (const step of (defaults.custom?.thresholdsStyle?.mode || "off") === "off" ? [] : defaults.thresholds.steps.filter((one) => one.value !== null))
    svg.append(element("line", {x1: LEFT, x2: width - RIGHT, y1: y(step.value), y2: y(step.value), stroke: NAMED[step.color] || step.color, "stroke-dasharray": "4 4"}));
  all.forEach((series, number) => {
    const colour = PALETTE[number % PALETTE.length];
    const points = series.points.filter(([, value]) => Number.isFinite(value));
    const gap = (to - from) / 30;  // no line over a time without values
    let path = "";
    points.forEach(([time, value], i) => { path += `${i === 0 || time - points[i - 1][0] > gap ? "M" : "L"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`; });
    svg.append(element("path", {d: path, fill: "none", stroke: colour, "stroke-width": 1.5}));
  });
}

function drawStates(body, panel, all, from, to) {
  const defaults = panel.fieldConfig.defaults;
  const left = Math.min(380, 20 + 6 * Math.max(...all.map((series) => series.name.length)));
  const {svg, x, height} = frame(body, from, to, left);
  const tall = (height - BOTTOM - TOP) / all.length;
  all.forEach((series, number) => {
    const top = TOP + number * tall;
    svg.append(element("text", {x: left - 6, y: top + tall / 2 + 3, "text-anchor": "end"}, series.name));
    series.points.forEach(([time, value], i) => {
      const step = series.points.length > 1 ? Math.min(...series.points.slice(1).map(([other], j) => other - series.points[j][0])) : 1;
      const next = Math.min(time + step, to);  // nothing where there is no value
      svg.append(element("rect", {x: x(time), y: top + 1, width: Math.max(1, x(next) - x(time) + 0.5), height: Math.max(1, tall - 2),
        fill: colourOf(defaults, value)}));
    });
  });
}

function drawStats(body, panel, all) {
  const defaults = panel.fieldConfig.defaults;
  const box = document.createElement("div");
  box.className = "stats";
  for (const series of all) {
    const one = document.createElement("div");
    const value = last(series);
    one.style.background = panel.options?.colorMode === "background" ? colourOf(defaults, value) : "none";
    const number = document.createElement("b"), name = document.createElement("small");
    number.textContent = asText(defaults, value);
    if (panel.options?.colorMode !== "background") number.style.color = colourOf(defaults, value);
    name.textContent = series.name;
    one.append(number);
    if (series.name) one.append(name);
    box.append(one);
  }
  body.append(box);
}

function drawLegend(section, all) {
  const legend = document.createElement("div");
  legend.className = "legend";
  all.forEach((series, number) => {
    const one = document.createElement("span");
    one.innerHTML = `<b style="color:${PALETTE[number % PALETTE.length]}">&#9473;</b> `;
    one.append(series.name);
    legend.append(one, " ");
  });
  section.append(legend);
}

function drawPanel(section, panel, all, from, to) {
  const body = document.createElement("div");
  body.className = "body";
  section.append(body);
  if (all.length === 0) {
    body.innerHTML = '<div class="empty">No data</div>';
    section.dataset.empty = "yes";
    return;
  }
  if (panel.type === "timeseries") drawLegend(section, all);
  if (panel.type === "stat") drawStats(body, panel, all);
  else if (panel.type === "state-timeline") drawStates(body, panel, all, from, to);
  else drawLines(body, panel, all, from, to);
}
