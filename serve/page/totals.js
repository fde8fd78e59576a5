// The sums of a track record: predicted against what came, as a few large figures.

import { meter } from "./chart.js";
import { el } from "./dom.js";
import { money, percent, plain, ratio } from "./format.js";
import { say } from "./text.js";

// Those whose prediction could not know the outcome count; where there are none, all, and that is said.
export function totals({ totals: groups, currency, interval_level: level }) {
  const isFair = groups.fair.cases > 0;
  const sums = isFair ? groups.fair : groups.all;
  const amount = (value) => money(value, currency);
  return el(
    "div",
    {},
    told(isFair, groups),
    el(
      "dl",
      { class: "totals" },
      figure("recordCases", plain(sums.cases), `${say("recordPublished")} ${plain(sums.published)} · ${predicted(plain(Math.round(sums.promised_published)))}`),
      figure("recordSales", amount(sums.settled_gmv), predicted(amount(sums.promised_settled_gmv)), against(sums.settled_gmv, sums.promised_settled_gmv)),
      figure("recordRoi", ratio(sums.roi), predicted(ratio(sums.promised_roi)), against(sums.roi, sums.promised_roi)),
      figure(
        "recordInside",
        percent(sums.inside_interval),
        say("recordShould", { value: percent(level), count: plain(sums.interval_cases) }),
        sums.inside_interval !== null && meter(sums.inside_interval),
      ),
    ),
  );
}

function told(isFair, { fair, all }) {
  if (!isFair) return el("p", { class: "soft" }, say("recordLearnt"));
  return fair.cases < all.cases && el("p", { class: "soft" }, say("recordFair", { count: plain(fair.cases), all: plain(all.cases) }));
}

const predicted = (value) => say("recordPromised", { value });

function figure(heading, value, beside, drawing = null) {
  return el("div", {}, el("dt", {}, say(heading)), el("dd", {}, el("strong", {}, value), drawing, el("span", { class: "soft" }, beside)));
}

// Two meters on one scale: what came above what was predicted.
function against(came, promised) {
  const most = Math.max(came ?? 0, promised ?? 0);
  if (!(most > 0)) return null;
  return el("div", { class: "against" }, meter((came ?? 0) / most), meter((promised ?? 0) / most));
}
