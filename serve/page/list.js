// The ranked list: what its rows have in common, the meaning of its marks, its head.

import { axis, logScale } from "./chart.js";
import { el } from "./dom.js";
import { evidenceReach } from "./evidence.js";
import { count, percent, ratio } from "./format.js";
import { roiOf, salesOf } from "./predicted.js";
import { row } from "./row.js";
import { say } from "./text.js";

// Where ROI is the same whoever sells, the service orders by expected sales instead.
export function orderOf(answer) {
  const same = answer.creators.every((creator) => creator.offer.roi_degenerate);
  return answer.objective === "roi" && same ? "gmv" : answer.objective;
}

// Scales span all creators of the answer, those who were asked about too. `rest` is what rows do and keep.
export function viewOf(answer, rest) {
  const margin = answer.product.margin_rate ?? null;
  const breakEvenRoi = margin > 0 ? 1 / margin : null;
  const creators = [...answer.creators, ...(answer.included ?? []).filter((creator) => creator.predicted)];
  return {
    currency: answer.currency,
    order: orderOf(answer),
    breakEvenRoi,
    margin,
    roi: logScale(creators.filter((creator) => !creator.offer.roi_degenerate).map(roiOf), breakEvenRoi),
    sales: logScale(creators.map(salesOf)),
    reach: evidenceReach(creators),
    ...rest,
  };
}

export function creatorList(creators, view) {
  return el(
    "div",
    { class: `creators by-${view.order}` },
    key(view),
    head(view),
    el("ol", { class: "rows", role: "list" }, creators.map((creator) => row(creator, view))),
  );
}

// What the marks mean.
function key(view) {
  const breakEven = view.breakEvenRoi && view.roi;
  const values = breakEven && { roi: ratio(view.breakEvenRoi), margin: percent(view.margin) };
  return el(
    "p",
    { class: "key" },
    el("span", { class: "key-span" }, say("keyInterval")),
    breakEven && el("span", { class: "key-reference" }, say("profitLine", values)),
    el("span", { class: "key-stage" }, say("keyStages")),
  );
}

function head(view) {
  const sorted = (order) => (view.order === order ? "sorted" : null);
  return el(
    "div",
    { class: "head", "aria-hidden": "true" },
    el("span", { class: "c-rank" }),
    el("span", { class: "c-who" }, say("creator")),
    el(
      "div",
      { class: "c-roi" },
      el("span", { class: sorted("roi") }, say("roi")),
      el("div", { class: "axis-box" }, view.roi && axis(view.roi, count)),
    ),
    el("span", { class: `c-sales ${sorted("gmv") ?? ""}` }, say("sales")),
    el("span", { class: `c-profit ${sorted("profit") ?? ""}` }, say("profit")),
    el("span", { class: "c-chances" }, say("chances")),
    el("span", { class: "c-trust" }, say("trust")),
  );
}
