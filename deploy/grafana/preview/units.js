// deploy/grafana/preview/units.js - numbers as Grafana writes them, for the units that the dashboard uses.
"use strict";

function short(value, steps) {
  const size = Math.abs(value);
  const [factor, suffix] = steps.find(([factor]) => size >= factor) || [1, ""];
  return Number((value / factor).toPrecision(3)) + suffix;
}

const THOUSANDS = [[1e9, " G"], [1e6, " M"], [1e3, " K"]];
const UNITS = {
  short: (value) => short(value, THOUSANDS),
  none: (value) => short(value, []),
  reqps: (value) => short(value, THOUSANDS) + " req/s",
  pps: (value) => short(value, THOUSANDS) + " p/s",
  percentunit: (value) => Number((100 * value).toPrecision(3)) + "%",
  bytes: (value) => short(value, [[2 ** 30, " GiB"], [2 ** 20, " MiB"], [2 ** 10, " KiB"], [1, " B"]]),
  s: (value) => value === 0 ? "0 s"
    : short(value, [[86400, " day"], [3600, " hour"], [60, " min"], [1, " s"], [1e-3, " ms"], [1e-6, " µs"], [0, " s"]]),
};

// An unknown unit is a mistake that should be seen.
function withUnit(value, unit) {
  return UNITS[unit] ? UNITS[unit](value) : `${value} (${unit}?)`;
}
