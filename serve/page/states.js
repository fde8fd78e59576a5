// What stands where the list will be: before, while waiting, nothing found, refused.

import { el } from "./dom.js";
import { day } from "./format.js";
import { creatorList, orderOf } from "./list.js";
import { say } from "./text.js";

export function start() {
  return el(
    "section",
    { class: "start" },
    el("h2", {}, say("startTitle")),
    el("p", {}, say("startText")),
    el(
      "ul",
      {},
      ["legendRoi", "legendInterval", "legendStages"].map((key) => el("li", { class: key }, say(key))),
    ),
  );
}

export function waiting(rows) {
  return el(
    "div",
    { class: "waiting", "aria-hidden": "true" },
    Array.from({ length: Math.min(rows, 6) }, () => el("div", { class: "ghost" }, el("i"), el("i"), el("i"), el("i"))),
  );
}

const ORDER = { roi: "rankedRoi", gmv: "rankedGmv", profit: "rankedProfit" };

export function answered(answer, clearFilters) {
  const found = answer.creators.length;
  const title = say("foundFor", { product: answer.product.title, count: found });
  return el(
    "section",
    { "aria-labelledby": "answer-title" },
    el(
      "header",
      { class: "answer-head" },
      el("h2", { id: "answer-title" }, found ? title : say("nobody")),
      el("p", {}, found ? say(ORDER[orderOf(answer)]) : clearFilters && say("nobodyHint")),
      !found && clearFilters && el("button", { type: "button", class: "secondary", onclick: clearFilters }, say("clearFilters")),
    ),
    answer.notes.length > 0 && notes(answer.notes),
    found > 0 && creatorList(answer),
    el("footer", { class: "list-end" }, `${say("factsAsOf", { day: day(answer.as_of) })} · ${say("listEnd", { bundle: answer.bundle })}`),
  );
}

function notes(sentences) {
  return el(
    "aside",
    { class: "notes", "aria-labelledby": "notes-title" },
    el("h3", { id: "notes-title" }, say("notes")),
    el("ul", {}, sentences.map((sentence) => el("li", {}, sentence))),
  );
}

// Trying again helps where the service failed, not where the question cannot be answered.
export function refused(problem, retry) {
  const passing = !problem || problem.status >= 500;
  const rest = (problem?.errors ?? []).slice(1);
  return el(
    "section",
    { class: "refused", role: "alert" },
    el("h2", {}, say("failed")),
    el("p", {}, problem ? problem.detail : say("unreachable")),
    rest.length > 0 && el("ul", {}, rest.map((fault) => el("li", {}, `${fault.field}: ${fault.message}`))),
    passing && el("button", { type: "button", class: "secondary", onclick: retry }, say("retry")),
    problem && el("p", { class: "request-id" }, say("requestId", { id: problem.request_id })),
  );
}
