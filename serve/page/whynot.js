// "Why not this creator?": asking about one by name or id, and what the answer means.

import { Refusal } from "./api.js";
import { el } from "./dom.js";
import { money, ratio } from "./format.js";
import { idOf, nameOf, suggestions } from "./names.js";
import { row } from "./row.js";
import { say } from "./text.js";
import { faultLine } from "./trouble.js";

// `ask(id)` brings the creator into the answer or throws a Refusal.
export function whyNotForm(ask) {
  const known = el("datalist", { id: "known-creators" });
  const input = el("input", {
    id: "why-not",
    list: "known-creators",
    maxlength: 200,
    placeholder: say("whyNotHint"),
    "aria-describedby": "why-not-fault",
    autocomplete: "off",
    onfocus: () => known.replaceChildren(...suggestions().map((value) => el("option", { value }))),
  });
  const fault = el("p", { class: "fault", id: "why-not-fault", role: "alert" });
  const onsubmit = async (event) => {
    event.preventDefault();
    fault.textContent = "";
    const id = idOf(input.value);
    if (!id) return input.focus();
    try {
      await ask(id);
    } catch (error) {
      const unknown = error instanceof Refusal && error.status === 404;
      fault.textContent = unknown ? say("whyNotUnknown", { id }) : faultLine(error);
      input.focus();
    }
  };
  const form = el(
    "form",
    { class: "why-not", onsubmit },
    el("label", { for: "why-not" }, say("whyNotLabel")),
    input,
    known,
    el("button", { type: "submit", class: "secondary" }, say("whyNotAsk")),
    fault,
  );
  // Folded where there is little room; elsewhere list.css hides the summary.
  return el("details", { class: "ask-about", open: matchMedia("(min-width: 901px)").matches }, el("summary", {}, say("whyNot")), form);
}

// Those who were asked about, in the columns of the list. `drop(id)` takes one away again.
export function askedAbout(answer, view, drop) {
  const last = answer.creators.at(-1) ?? null;
  const remark = (creator) =>
    el(
      "p",
      { class: "verdict" },
      verdict(creator, answer.creators.length, last, view),
      el("button", { type: "button", class: "act", onclick: () => drop(creator.creator_id) }, say("dropAsked", { name: nameOf(creator.creator_id) })),
    );
  const lines = answer.included.map((creator) =>
    creator.predicted && creator.offer
      ? row(creator, { ...view, remark, onHide: null })
      : el("li", { class: "row" }, el("div", { class: "c-who" }, el("h3", {}, creator.name || creator.creator_id)), remark(creator)),
  );
  return el(
    "section",
    { class: `asked-about by-${view.order}`, "aria-labelledby": "asked-title" },
    el("h3", { id: "asked-title", tabindex: -1 }, say("whyNotTitle")),
    el("ol", { class: "rows", role: "list" }, lines),
  );
}

function verdict(creator, count, last, view) {
  if (!creator.eligible) return say("whyNotIneligible", { reason: creator.reason });
  if (creator.rank === null) return say("whyNotBeyond", { count: creator.looked_at });
  if (creator.rank <= count) return say("whyNotInside", { rank: creator.rank });
  const behind = say("whyNotBehind", { rank: creator.rank, last: count });
  return last ? `${behind} ${gap(creator, last, view)}` : behind;
}

// By what the list is ordered, the creator's figure against the last one's.
function gap(creator, last, view) {
  const weighted = (name) => [
    `${say("accept")} × ${say(view.order === "gmv" ? "sales" : "profit")}`,
    ({ predicted }) => money(predicted.accept_probability * predicted[name], view.currency),
  ];
  const [measure, told] = {
    roi: [say("roiShort"), ({ predicted }) => ratio(predicted.roi)],
    gmv: weighted("settled_gmv"),
    profit: weighted("profit"),
  }[view.order];
  return say("whyNotGap", { measure, mine: told(creator), last: told(last) });
}
