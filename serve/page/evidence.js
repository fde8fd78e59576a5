// TRUST evidence: the small bar of a row, and the same with names and factors.

import { el, svg } from "./dom.js";
import { ratio } from "./format.js";
import { say } from "./text.js";

export const STAGES = ["transform", "reach", "utilize", "strengthen", "thrive"];
const LETTERS = ["T", "R", "U", "S", "T"];
const share = (x) => `${(100 * x).toFixed(2)}%`;
const side = (amount) => (amount < 0 ? "less" : "more");

// The evidence is in ln(sales), so a stage multiplies expected sales by a factor.
const factor = (amount) => `× ${ratio(Math.exp(amount))}`;

// How much of ln(sales) bars stand for at most, above and below: the same wherever they are compared.
export function evidenceReach(creators) {
  const parts = creators.flatMap(({ evidence }) => (evidence ? STAGES.map((stage) => evidence[stage]) : []));
  return { up: Math.max(0.3, ...parts), down: Math.max(0.3, ...parts.map((part) => -part)) };
}

const STRIP = { width: 84, bars: 33, height: 46, step: 17 };

// Five columns on a line: above it raises sales, below lowers them.
export function evidenceStrip(evidence, { up, down }) {
  const told = STAGES.map((stage) => `${say(stage)} ${factor(evidence[stage])}`).join(say("listComma"));
  const viewBox = `0 0 ${STRIP.width} ${STRIP.height}`;
  const strip = svg("svg", { class: "strip", role: "img", "aria-label": `${say("evidenceTitle")}: ${told}`, viewBox });
  const zero = (STRIP.bars * up) / (up + down);
  strip.append(svg("title", {}, told), svg("line", { class: "zero", x1: 0, x2: STRIP.width, y1: zero, y2: zero }));
  STAGES.forEach((stage, place) => {
    const x = STRIP.step * place + 2;
    const height = Math.max(1, (STRIP.bars * Math.abs(evidence[stage])) / (up + down));
    const y = evidence[stage] < 0 ? zero : zero - height;
    strip.append(svg("rect", { class: `stage-bar ${side(evidence[stage])}`, x, y, width: 12, height, rx: 1 }));
    strip.append(svg("text", { x: x + 6, y: STRIP.height - 1, "text-anchor": "middle" }, LETTERS[place]));
  });
  return strip;
}

// One bar a stage, to the right where it raises sales and to the left where it lowers them.
export function evidenceBars(evidence, reach) {
  const lines = STAGES.map((stage) =>
    el(
      "li",
      { title: say("evidenceOf", { stage: say(stage), factor: ratio(Math.exp(evidence[stage])) }) },
      el("span", { class: "stage-name" }, say(stage)),
      evidenceBar(evidence[stage], reach),
      el("span", { class: "factor" }, factor(evidence[stage])),
    ),
  );
  return el("ul", { class: "evidence", "aria-label": say("evidenceTitle") }, lines);
}

export function evidenceBar(value, { up, down }) {
  const amount = value / Math.max(up, down) / 2;
  const bar = svg("svg", { class: "stage-line", "aria-hidden": "true", height: 8, width: "100%" });
  bar.append(svg("line", { class: "zero", x1: "50%", x2: "50%", y1: 0, y2: 8 }));
  const x = amount < 0 ? 0.5 + amount : 0.5;
  const width = Math.max(0.008, Math.abs(amount));
  bar.append(svg("rect", { class: `stage-bar ${side(value)}`, x: share(x), width: share(width), y: 1, height: 6, rx: 1.5 }));
  return bar;
}

export const evidenceFactor = factor;
