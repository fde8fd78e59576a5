// The track record as a panel: what was predicted before each past invitation, beside what came.

import { getTrackRecord } from "./api.js";
import { intervalBar, logScale } from "./chart.js";
import { el, svg } from "./dom.js";
import { money, ratio, shortDay } from "./format.js";
import { remember } from "./names.js";
import { openPanel } from "./panel.js";
import { say } from "./text.js";
import { totals } from "./totals.js";
import { faultSection } from "./trouble.js";

const TOLD_BY = { list: "toldList", bundle: "toldBundle", replay: "toldReplay" };

export function openRecord() {
  const place = el("div", { class: "record", "aria-busy": "true" });
  const stop = new AbortController();
  openPanel(say("record"), place, "wide").addEventListener("close", () => stop.abort());
  load(place, stop.signal);
}

async function load(place, signal) {
  place.replaceChildren(el("p", { role: "status" }, say("loading")));
  await orTell(place, () => load(place, signal), async () => {
    const record = await getTrackRecord(null, signal);
    place.replaceChildren(...content(record, signal));
  });
  place.setAttribute("aria-busy", "false");
}

// Do it, or say in `place` what went wrong and how to try again.
async function orTell(place, retry, act) {
  try {
    await act();
  } catch (error) {
    if (error.name !== "AbortError") place.replaceChildren(faultSection(error, retry));
  }
}

function content(record, signal) {
  remember(record.items.concat(record.worst));
  const notes = record.notes.length > 0 && el("ul", { class: "record-notes" }, record.notes.map((note) => el("li", {}, note)));
  if (record.totals.all.cases === 0) {
    return [el("p", {}, say("recordNothing")), el("p", { class: "soft" }, say("recordNothingHint"))];
  }
  return [
    el("p", { class: "soft" }, say("recordText")),
    totals(record),
    notes,
    el("h3", {}, say("recordWorst")),
    key(),
    caseList(record.worst, record),
    el("h3", {}, say("recordAll")),
    ...pages(record, signal),
  ].filter(Boolean);
}

const key = () =>
  el("p", { class: "key" }, el("span", { class: "key-span" }, say("keyInterval")), el("span", { class: "key-came" }, say("recordKeyCame")));

// The cases so far, and a button that fetches more while there are any.
function pages(record, signal) {
  const list = el("div", {}, caseList(record.items, record));
  const foot = el("div", { class: "buttons" });
  const offer = (cursor) => {
    const more = el("button", { type: "button", class: "secondary", onclick: () => fetchMore(cursor) }, say("recordMore"));
    foot.replaceChildren(...(cursor ? [more] : []));
  };
  const fetchMore = (cursor) =>
    orTell(foot, () => fetchMore(cursor), async () => {
      const next = await getTrackRecord(cursor, signal);
      remember(next.items);
      const added = caseList(next.items, record);
      list.append(added);
      offer(next.next_cursor);
      added.querySelector("h4").focus();
    });
  offer(record.next_cursor);
  return [list, foot];
}

function caseList(cases, { currency }) {
  const shown = cases.flatMap(({ promised, came }) => [salesOf(promised), { value: came.settled_gmv, low: null, high: null }]);
  const scale = logScale(shown);
  return el("ol", { class: "cases", role: "list" }, cases.map((each) => pastCase(each, scale, currency)));
}

const salesOf = (promised) => ({ low: promised.settled_gmv_low, value: promised.settled_gmv, high: promised.settled_gmv_high });

function pastCase(each, scale, currency) {
  const { promised, came } = each;
  const about = [each.title ?? each.product_id, each.channel && say(each.channel), say("recordInvited", { day: shortDay(each.invited_on) })];
  return el(
    "li",
    {},
    el(
      "div",
      {},
      el("h4", { tabindex: -1 }, each.name ?? each.creator_id),
      el("p", { class: "soft" }, about.filter(Boolean).join(" · ")),
      el("p", { class: "soft" }, say(each.learnt ? "toldLearnt" : TOLD_BY[each.told_by]), each.cost_estimated && ` · ${say("estimated")}`),
    ),
    el("div", { class: "case-sales" }, drawn(promised, came, scale, currency), outcome(came)),
    el(
      "p",
      { class: "case-roi" },
      el("span", {}, `${say("roiShort")} `, el("b", {}, ratio(came.roi))),
      el("span", { class: "soft" }, say("recordPromised", { value: ratio(promised.roi) })),
    ),
  );
}

function drawn(promised, came, scale, currency) {
  const told = say("recordPromised", { value: money(promised.settled_gmv, currency) });
  const real = say("recordCame", { value: money(came.settled_gmv, currency) });
  const bar = scale && intervalBar(scale, salesOf(promised), null, `${told}, ${real}`);
  if (bar && came.settled_gmv > 0) {
    bar.append(svg("circle", { class: "came", cx: `${(100 * scale.clip(came.settled_gmv)).toFixed(2)}%`, cy: 10, r: 4.5 }));
  }
  return [bar, el("p", {}, el("b", {}, real), el("span", { class: "soft" }, told))];
}

function outcome(came) {
  if (!came.published) return el("span", { class: "miss" }, say("recordUnpublished"));
  return came.inside_interval === false && el("span", { class: "miss" }, say("recordOutside"));
}
