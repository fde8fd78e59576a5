// One creator of a list: figures in the same columns for all, so that they can be compared.

import { actionBar } from "./actions.js";
import { isNew, movement } from "./changes.js";
import { intervalBar, meter } from "./chart.js";
import { el } from "./dom.js";
import { evidenceStrip } from "./evidence.js";
import { count, DASH, money, percent, ratio } from "./format.js";
import { offerTerms } from "./offer.js";
import { roiOf, salesOf } from "./predicted.js";
import { reasonsOnDemand } from "./reasons.js";
import { say } from "./text.js";

// `view` is what the whole list has in common; see list.js.
export function row(creator, view) {
  const { predicted } = creator;
  const was = view.before?.get(creator.creator_id) ?? null;
  const why = reasonsOnDemand(creator, {
    reach: view.reach,
    open: view.opened.has(creator.creator_id),
    onOpen: (open) => view.onReasons(creator, open),
    ask: view.onAsk,
  });
  return el(
    "li",
    { class: "row", "data-creator": creator.creator_id, tabindex: -1 },
    rank(creator, view),
    who(creator, view),
    roi(creator, view, was),
    sales(creator, view),
    profit(creator, view),
    el(
      "div",
      { class: "c-chances" },
      chance("accept", predicted.accept_probability, was?.predicted?.accept_probability),
      chance("publish", predicted.fulfil_probability),
      predicted.sale_probability !== undefined && chance("sale", predicted.sale_probability),
    ),
    el("div", { class: "c-trust" }, el("span", { class: "label" }, say("trust")), creator.evidence && evidenceStrip(creator.evidence, view.reach)),
    actionBar(view.entry(creator), { first: why?.button, hide: view.onHide }),
    why?.region,
    view.remark?.(creator),
  );
}

function rank(creator, view) {
  const cell = el("span", { class: "c-rank rank" }, creator.rank === null ? DASH : String(creator.rank));
  if (view.before && creator.rank !== null) cell.append(moved(creator, view.before) ?? "");
  return cell;
}

function moved(creator, before) {
  if (isNew(creator, before)) return mark("up", say("fresh"), say("movedNew"));
  const places = movement(creator, before);
  if (!places) return null;
  const values = { count: Math.abs(places) };
  return places > 0 ? mark("up", `↑${places}`, say("movedUp", values)) : mark("down", `↓${-places}`, say("movedDown", values));
}

const mark = (kind, short, full) =>
  el("span", { class: `moved ${kind}`, title: full }, el("span", { "aria-hidden": "true" }, short), el("span", { class: "visually-hidden" }, full));

function who(creator, view) {
  const followers = creator.follower_count;
  const about = [
    creator.category,
    creator.city,
    followers === null ? say("followersUnknown") : say("followers", { count: count(followers) }),
  ];
  return el(
    "div",
    { class: "c-who" },
    el("h3", {}, creator.name || creator.creator_id),
    el("p", { class: "about" }, about.filter(Boolean).join(" · ")),
    el("p", { class: "offer" }, offerTerms(creator.offer, view.currency)),
  );
}

function roi(creator, view, was) {
  const { predicted, offer } = creator;
  const label = el("span", { class: "label" }, say("roiShort"));
  if (predicted.roi === null) {
    return el("div", { class: "c-roi" }, label, el("strong", { class: "figure faint" }, DASH), remark("noRoi"));
  }
  const figure = el("strong", { class: `figure ${offer.roi_degenerate ? "faint" : ""}` }, ratio(predicted.roi));
  if (offer.roi_degenerate || !view.roi) return el("div", { class: "c-roi" }, label, figure, remark("degenerate"));
  const told = interval(predicted.roi_low, predicted.roi_high, ratio);
  const before = was?.predicted?.roi ?? null;
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
      before !== null && el("span", { class: "was" }, say("wasValue", { value: ratio(before) })),
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
  const exact = { class: `figure ${predicted.profit < 0 ? "loss" : ""}`, title: money(predicted.profit, view.currency, true) };
  return el(
    "div",
    { class: "c-profit" },
    label,
    el("strong", exact, money(predicted.profit, view.currency)),
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

// On terms that are tried: what the chance was on the known ones, and what it is.
function chance(key, value, was = null) {
  const differs = was !== null && percent(was) !== percent(value);
  return el(
    "div",
    { class: "chance" },
    el("span", {}, say(key)),
    el("b", {}, differs && el("span", { class: "was" }, `${percent(was)} → `), percent(value)),
    value !== null && meter(value),
  );
}
