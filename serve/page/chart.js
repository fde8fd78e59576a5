// Intervals on one common logarithmic scale, and thin meters.

import { svg } from "./dom.js";

const STEPS = [[1, 1.5, 2, 2.5, 3, 4, 5, 6, 8], [1, 2, 3, 4, 5, 7], [1, 2, 5], [1]];
const MOST_TICKS = 6;
const share = (x) => `${(100 * x).toFixed(2)}%`;

// A scale that shows every expectation whole and clips only the longest tails of the intervals.
export function logScale(intervals, reference = null) {
  const middles = intervals.map((each) => each.value).filter((value) => value > 0);
  if (!middles.length) return null;
  const lows = intervals.map((each) => each.low).filter((value) => value > 0);
  const highs = intervals.map((each) => each.high).filter((value) => value > 0);
  const smallest = Math.min(...middles);
  const largest = Math.max(...middles);
  let low = Math.min(smallest, Math.max(quantile(lows, 0.1) ?? smallest, smallest / 20));
  let high = Math.max(largest, Math.min(quantile(highs, 0.9) ?? largest, largest * 20));
  if (reference && reference > low / 4 && reference < high * 4) {
    low = Math.min(low, reference);
    high = Math.max(high, reference);
  }
  low /= 1.15;
  high *= 1.15;
  const span = Math.log(high / low);
  const at = (value) => Math.log(value / low) / span;
  return { low, high, at, clip: (value) => Math.min(1, Math.max(0, at(Math.max(value, 1e-12)))), ticks: ticks(low, high) };
}

function quantile(values, q) {
  if (!values.length) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round(q * (sorted.length - 1))];
}

// The finest round numbers that leave room for their labels.
function ticks(low, high) {
  const powers = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) powers.push(10 ** power);
  const inside = STEPS.map((steps) =>
    powers.flatMap((power) => steps.map((step) => step * power)).filter((value) => value >= low && value <= high),
  );
  return inside.find((values) => values.length <= MOST_TICKS) ?? inside.at(-1);
}

// The interval as a bar, the expectation as a tick on it; a wedge marks an end that is clipped.
export function intervalBar(scale, { low, value, high }, reference, label) {
  const bar = svg("svg", { class: "interval", role: "img", "aria-label": label, height: 20, width: "100%" });
  bar.append(svg("title", {}, label));
  bar.append(svg("line", { class: "rail", x1: "0%", x2: "100%", y1: 10, y2: 10 }));
  for (const tick of scale.ticks) {
    bar.append(svg("line", { class: "grid", x1: share(scale.at(tick)), x2: share(scale.at(tick)), y1: 0, y2: 20 }));
  }
  if (low !== null && high !== null) {
    const from = scale.clip(low);
    const width = Math.max(0.006, scale.clip(high) - from);
    bar.append(svg("rect", { class: "span", x: share(from), width: share(width), y: 6, height: 8, rx: 4 }));
    if (scale.at(Math.max(low, 1e-12)) < 0) bar.append(beyond(0, "M-1 6 l-4 4 l4 4"));
    if (scale.at(Math.max(high, 1e-12)) > 1) bar.append(beyond(1, "M1 6 l4 4 l-4 4"));
  }
  if (reference) {
    const x = share(scale.clip(reference));
    bar.append(svg("line", { class: "reference", x1: x, x2: x, y1: 0, y2: 20 }));
  }
  if (value !== null) {
    const x = share(scale.clip(value));
    bar.append(svg("line", { class: "middle", x1: x, x2: x, y1: 2, y2: 18 }));
  }
  return bar;
}

// A mark that the interval goes on beyond the scale.
const beyond = (x, d) => svg("svg", { x: share(x), overflow: "visible" }, svg("path", { class: "beyond", d }));

export function axis(scale, format) {
  const drawing = svg("svg", { class: "axis", "aria-hidden": "true", height: 14, width: "100%" });
  for (const tick of scale.ticks) {
    const x = scale.at(tick);
    const anchor = x < 0.06 ? "start" : x > 0.94 ? "end" : "middle";
    drawing.append(svg("text", { x: share(x), y: 11, "text-anchor": anchor }, format(tick)));
  }
  return drawing;
}

// A share between 0 and 1 as a thin meter.
export function meter(value) {
  const drawing = svg("svg", { class: "meter", "aria-hidden": "true", height: 4, width: "100%" });
  drawing.append(svg("rect", { class: "rail", x: 0, y: 0, width: "100%", height: 4, rx: 2 }));
  drawing.append(svg("rect", { class: "filled", x: 0, y: 0, width: share(value), height: 4, rx: 2 }));
  return drawing;
}
