// The terms of an offer as a line of short words.

import { el } from "./dom.js";
import { money, percent } from "./format.js";
import { say } from "./text.js";

export function offerTerms(offer, currency) {
  const terms = [
    say("commission", { rate: percent(offer.commission_rate, 1) }),
    offer.slot_fee > 0 ? say("slotFee", { fee: money(offer.slot_fee, currency) }) : say("noSlotFee"),
    offer.sample_cost > 0 && say("sample", { cost: money(offer.sample_cost, currency) }),
  ];
  return [
    el("span", { class: `chip ${offer.channel}` }, say(offer.channel)),
    ...terms.filter(Boolean).map((term) => el("span", { class: "term" }, term)),
    offer.cost_estimated && el("span", { class: "estimated", title: say("estimatedTitle") }, `≈ ${say("estimated")}`),
  ];
}
