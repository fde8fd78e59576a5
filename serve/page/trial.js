// On terms that are tried: which they are, what changed by them, and the way back.

import { acceptance, isNew, movement } from "./changes.js";
import { el } from "./dom.js";
import { money, percent } from "./format.js";
import { say } from "./text.js";

// Term → its name, whether it is a rate, and the product's field with what it is now.
const TERMS = {
  commission_rate: ["csvCommission", true],
  service_fee_rate: ["serviceFee", true],
  slot_fee: ["csvSlotFee", false],
  sample_cost: ["csvSample", false],
  handling_cost: ["termHandling", false],
  ads_cost: ["termAds", false],
  subsidy_rate: ["subsidy", true],
};

export function trialStrip({ question, answer, before }, clearTerms) {
  const tried = Object.entries(question.terms).map(([name, value]) => triedTerm(name, value, answer));
  return el(
    "aside",
    { class: "trial", "aria-label": say("trial") },
    el("h3", {}, say("trial")),
    el("p", { class: "tried" }, tried),
    before ? el("p", {}, changed(answer.creators, before)) : el("p", {}, say("trialUnknown")),
    el("button", { type: "button", class: "secondary", onclick: clearTerms }, say("clearTerms")),
  );
}

function triedTerm(name, value, { product, currency }) {
  const [word, isRate] = TERMS[name] ?? [null, false];
  const told = (amount) => (isRate ? percent(amount, 1) : money(amount, currency));
  const known = product[name] ?? null;
  return el("span", {}, `${word ? say(word) : name} `, el("b", {}, told(value)), known !== null && known !== value && say("trialWas", { value: told(known) }));
}

function changed(creators, before) {
  const mean = acceptance(creators, before);
  const moves = creators.map((creator) => movement(creator, before));
  const up = moves.filter((move) => move > 0).length + creators.filter((creator) => isNew(creator, before)).length;
  const down = moves.filter((move) => move < 0).length;
  const parts = [
    mean && say("trialAccept", { was: percent(mean.was), is: percent(mean.is) }),
    (up > 0 || down > 0) && say("trialMoved", { up, down }),
  ];
  return parts.filter(Boolean).join(" · ");
}
