// The ranked list: one creator a row, the same columns for all, so that they can be compared.

import { axis, evidenceBars, intervalBar, logScale, meter } from "./chart.js";
import { el } from "./dom.js";
import { count, DASH, money, percent, ratio } from "./format.js";
import { say } from "./text.js";

const STAGES = ["transform", "reach", "utilize", "strengthen", "thrive"];

// Where ROI is the same whoever sells, the service orders by expected sales instead.
export function orderOf(answer) {
  const same = answer.creators.every((creator) => creator.offer.roi_degenerate);
  return answer.objective === "roi" && same ? "gmv" : answer.objective;
}

export function creatorList(answer) {
  const margin = answer.product.margin_rate ?? null;
  const view = {
    currency: answer.currency,
    order: orderOf(answer),
    breakEvenRoi: margin > 0 ? 1 / margin : null,
    margin,
    roi: logScale(
      answer.creators.filter((creator) => !creator.offer.roi_degenerate).map((creator) => roiOf(creator)),
      margin > 0 ? 1 / margin : null,
    ),
    sales: logScale(answer.creators.map((creator) => salesOf(creator))),
    reach: evidenceReach(answer.creators),
    roomy: matchMedia("(min-width: 821px)").matches,
  };
  return el(
    "div",
    { class: `creators by-${view.order}` },
    key(view),
    head(view),
    el("ol", { class: "rows", role: "list" }, answer.creators.map((creator) => row(creator, view))),
  );
}

const roiOf = ({ predicted }) => ({ low: predicted.roi_low, value: predicted.roi, high: predicted.roi_high });
const salesOf = ({ predicted }) => ({
  low: predicted.settled_gmv_low,
  value: predicted.settled_gmv,
  high: predicted.settled_gmv_high,
});

// How much of ln(sales) the longest bar stands for: the same for the whole list.
function evidenceReach(creators) {
  const sizes = creators.flatMap(({ evidence }) => (evidence ? STAGES.map((stage) => Math.abs(evidence[stage])) : []));
  return Math.max(0.5, ...sizes);
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
  );
}

function row(creator, view) {
  const { predicted } = creator;
  return el(
    "li",
    { class: "row", "data-creator": creator.creator_id },
    el("span", { class: "c-rank rank" }, String(creator.rank)),
    who(creator, view),
    roi(creator, view),
    sales(creator, view),
    profit(creator, view),
    el(
      "div",
      { class: "c-chances" },
      chance("accept", predicted.accept_probability),
      chance("publish", predicted.fulfil_probability),
      predicted.sale_probability !== undefined && chance("sale", predicted.sale_probability),
    ),
    why(creator, view),
  );
}

function who(creator, view) {
  const { offer } = creator;
  const followers = creator.follower_count;
  const about = [
    creator.category,
    creator.city,
    followers === null ? say("followersUnknown") : say("followers", { count: count(followers) }),
  ];
  const terms = [
    say("commission", { rate: percent(offer.commission_rate, 1) }),
    offer.slot_fee > 0 ? say("slotFee", { fee: money(offer.slot_fee, view.currency) }) : say("noSlotFee"),
    offer.sample_cost > 0 && say("sample", { cost: money(offer.sample_cost, view.currency) }),
  ];
  return el(
    "div",
    { class: "c-who" },
    el("h3", {}, creator.name || creator.creator_id),
    el("p", { class: "about" }, about.filter(Boolean).join(" · ")),
    el(
      "p",
      { class: "offer" },
      el("span", { class: `chip ${offer.channel}` }, say(offer.channel)),
      terms.filter(Boolean).map((term) => el("span", { class: "term" }, term)),
      offer.cost_estimated && el("span", { class: "estimated", title: say("estimatedTitle") }, `≈ ${say("estimated")}`),
    ),
  );
}

function roi(creator, view) {
  const { predicted, offer } = creator;
  const label = el("span", { class: "label" }, say("roiShort"));
  if (predicted.roi === null) {
    return el("div", { class: "c-roi" }, label, el("strong", { class: "figure faint" }, DASH), remark("noRoi"));
  }
  const figure = el("strong", { class: `figure ${offer.roi_degenerate ? "faint" : ""}` }, ratio(predicted.roi));
  if (offer.roi_degenerate || !view.roi) return el("div", { class: "c-roi" }, label, figure, remark("degenerate"));
  const told = interval(predicted.roi_low, predicted.roi_high, ratio);
  return el(
    "div",
    { class: "c-roi" },
    label,
    figure,
    el(
      "div",
      { class: "axis-box" },
      intervalBar(view.roi, roiOf(creator), view.breakEvenRoi, `${say("roi")} ${ratio(predicted.roi)}, ${told.full}`),
      el("span", { class: "range", title: told.full }, told.short),
    ),
  );
}

const remark = (key) => el("span", { class: "remark" }, say(key));

function interval(low, high, format) {
  if (low === null || high === null) return { short: "", full: "" };
  const values = { low: format(low), high: format(high) };
  return { short: `${values.low} – ${values.high}`, full: say("intervalFor", values) };
}

function sales(creator, view) {
  const { predicted } = creator;
  const format = (value) => money(value, view.currency);
  const told = interval(predicted.settled_gmv_low, predicted.settled_gmv_high, format);
  return el(
    "div",
    { class: "c-sales" },
    el("span", { class: "label" }, say("sales")),
    el("strong", { class: "figure", title: money(predicted.settled_gmv, view.currency, true) }, format(predicted.settled_gmv)),
    view.sales && intervalBar(view.sales, salesOf(creator), null, `${say("sales")} ${format(predicted.settled_gmv)}, ${told.full}`),
    el("span", { class: "range", title: told.full }, told.short),
    view.order === "gmv" && weighted(predicted.settled_gmv, creator, view),
  );
}

function profit(creator, view) {
  const { predicted } = creator;
  const cost = el("span", { class: "range" }, say("cost", { cost: money(predicted.cost, view.currency) }));
  const label = el("span", { class: "label" }, say("profit"));
  if (predicted.profit === null) {
    return el("div", { class: "c-profit" }, label, el("strong", { class: "figure faint" }, DASH), remark("marginUnknown"), cost);
  }
  const loses = predicted.profit < 0;
  return el(
    "div",
    { class: "c-profit" },
    label,
    el(
      "strong",
      { class: `figure ${loses ? "loss" : ""}`, title: money(predicted.profit, view.currency, true) },
      money(predicted.profit, view.currency),
    ),
    breakEven(predicted.break_even_slot_fee, view),
    cost,
    view.order === "profit" && weighted(predicted.profit, creator, view),
  );
}

function breakEven(fee, view) {
  if (fee === null) return null;
  if (fee < 0) return el("span", { class: "range" }, say("breakEvenNever"));
  const exact = money(fee, view.currency, true);
  return el("span", { class: "range", title: say("breakEvenTitle", { fee: exact }) }, say("breakEven", { fee: money(fee, view.currency) }));
}

// What the list is ordered by, where it is not a figure of its own.
function weighted(value, creator, view) {
  const expected = money(value * creator.predicted.accept_probability, view.currency);
  return el("span", { class: "range weighted" }, say("timesAccept", { value: expected }));
}

function chance(key, value) {
  return el("div", { class: "chance" }, el("span", {}, say(key)), el("b", {}, percent(value)), value !== null && meter(value));
}

// Open beside its figures; where there is little room, on demand.
function why(creator, view) {
  if (!creator.evidence && !creator.reasons?.length) return null;
  const content = el(
    "div",
    { class: "why-grid" },
    el("ul", { class: "reasons", "aria-label": say("why") }, (creator.reasons ?? []).map(reasonLine)),
    creator.evidence && evidenceBars(creator.evidence, STAGES, view.reach, describeStage, say("evidenceTitle")),
  );
  return el("details", { class: "why", open: view.roomy }, el("summary", {}, say("why")), content);
}

function reasonLine(reason) {
  const side = reason.contribution < 0 ? "less" : "more";
  return el(
    "li",
    {},
    el("span", { class: `chip stage ${reason.stage} ${side}` }, say(reason.stage)),
    el("span", {}, reason.text),
  );
}

// The evidence is in ln(sales), so a stage multiplies expected sales by a factor.
function describeStage(stage, amount) {
  const factor = ratio(Math.exp(amount));
  return { name: say(stage), factor: `× ${factor}`, told: say("evidenceOf", { stage: say(stage), factor }) };
}
