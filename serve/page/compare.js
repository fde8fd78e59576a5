// Two creators side by side: the same measures, the better one marked, everything on common scales.

import { intervalBar, logScale } from "./chart.js";
import { el } from "./dom.js";
import { entryName } from "./entry.js";
import { evidenceBar, evidenceFactor, evidenceReach, STAGES } from "./evidence.js";
import { count, DASH, money, percent, ratio } from "./format.js";
import { offerTerms } from "./offer.js";
import { roiOf, salesOf } from "./predicted.js";
import { reasonList } from "./reasons.js";
import { say } from "./text.js";

const MORE = 1;
const LESS = -1;

// Heading, value, how it is written, and whether more or less of it is better (neither: it depends).
const measures = (currency) => {
  const amount = (value) => money(value, currency);
  return [
    ["acceptName", (creator) => creator.predicted.accept_probability, percent, MORE],
    ["publishName", (creator) => creator.predicted.fulfil_probability, percent, MORE],
    ["saleName", (creator) => creator.predicted.sale_probability, percent, MORE],
    ["profit", (creator) => creator.predicted.profit, amount, MORE],
    ["costName", (creator) => creator.predicted.cost, amount, null],
    ["breakEvenName", (creator) => creator.predicted.break_even_slot_fee, amount, MORE],
    ["csvSlotFee", (creator) => creator.offer.slot_fee, amount, LESS],
    ["followersName", (creator) => creator.follower_count, (value) => (value === null ? DASH : count(value)), null],
  ];
};

export function comparison(first, second) {
  const creators = [first.creator, second.creator];
  const { currency } = first;
  return el(
    "div",
    { class: "comparison" },
    el("p", { class: "soft" }, say("compareFor", { product: first.product.title })),
    el(
      "table",
      {},
      head([first, second]),
      el(
        "tbody",
        {},
        line(say("offer"), creators.map((creator) => () => el("p", { class: "offer" }, offerTerms(creator.offer, currency)))),
        intervals("roi", creators, roiOf, ratio),
        intervals("sales", creators, salesOf, (value) => money(value, currency)),
        measures(currency).map((measure) => measured(measure, creators)),
        evidence(creators),
        line(say("why"), creators.map((creator) => () => reasonList(creator.reasons ?? []))),
      ),
    ),
  );
}

function head(entries) {
  const names = entries.map((entry) => {
    const { category, city } = entry.creator;
    const about = [category, city].filter(Boolean).join(" · ");
    return el("th", { scope: "col" }, el("span", { class: "name" }, entryName(entry)), el("span", { class: "about" }, about));
  });
  return el("thead", {}, el("tr", {}, el("th", { scope: "col" }, el("span", { class: "visually-hidden" }, say("compareMeasure"))), names));
}

// `cells` make their content around the mark of the better one.
function line(heading, cells, better = null) {
  const marked = (cell, place) => {
    const mark = place === better && el("span", { class: "better" }, say("better"));
    return el("td", { class: mark ? "is-better" : null }, cell(mark));
  };
  return el("tr", {}, el("th", { scope: "row" }, heading), cells.map(marked));
}

function measured([heading, valueOf, format, direction], creators) {
  const values = creators.map((creator) => valueOf(creator) ?? null);
  if (heading === "saleName" && values.every((value) => value === null)) return null;
  return line(say(heading), values.map((value) => (mark) => [el("strong", {}, format(value)), mark]), betterOf(values, direction));
}

// Place of the better value; null where it makes no difference in the three digits that are told.
function betterOf([one, other], direction) {
  if (direction === null || one === null || other === null || one.toPrecision(3) === other.toPrecision(3)) return null;
  return (one - other) * direction > 0 ? 0 : 1;
}

function intervals(heading, creators, rangeOf, format) {
  const ranges = creators.map(rangeOf);
  const scale = logScale(ranges);
  const same = heading === "roi" && creators.some((creator) => creator.offer.roi_degenerate);
  const cells = ranges.map((range) => (mark) => {
    if (range.value === null || !scale) return el("strong", {}, DASH);
    const known = range.low !== null && range.high !== null;
    const told = known ? `${format(range.low)} – ${format(range.high)}` : "";
    const label = known ? say("intervalFor", { low: format(range.low), high: format(range.high) }) : "";
    return el(
      "div",
      {},
      el("p", {}, el("strong", { class: "figure" }, format(range.value)), mark),
      intervalBar(scale, range, null, `${say(heading)} ${format(range.value)}, ${label}`),
      el("span", { class: "range", title: label }, told),
    );
  });
  return line(say(heading), cells, same ? null : betterOf(ranges.map((range) => range.value), MORE));
}

function evidence(creators) {
  if (!creators.every((creator) => creator.evidence)) return [];
  const reach = evidenceReach(creators);
  return STAGES.map((stage) =>
    line(
      say(stage),
      creators.map(({ evidence: parts }) => () =>
        el("div", { class: "stage-cell" }, evidenceBar(parts[stage], reach), el("span", { class: "factor" }, evidenceFactor(parts[stage]))),
      ),
    ),
  );
}
