// What stands where the list will be: before, while waiting, the answer, nothing found, refused.

import { el } from "./dom.js";
import { day, plain } from "./format.js";
import { creatorList, orderOf, viewOf } from "./list.js";
import { say } from "./text.js";
import { trialStrip } from "./trial.js";
import { faultSection } from "./trouble.js";
import { askedAbout, whyNotForm } from "./whynot.js";

export function start(products) {
  return el(
    "section",
    { class: "start" },
    el("h2", {}, say("startTitle")),
    el("p", {}, say("startText")),
    products.length > 0 && el("ul", { class: "offered", "aria-label": say("fromCatalog") }, products.map(offered)),
    el(
      "ul",
      { class: "legend" },
      ["legendRoi", "legendInterval", "legendStages"].map((key) => el("li", { class: key }, say(key))),
    ),
  );
}

const offered = ({ product_id: id, title, category, price }) =>
  el("li", {}, el("a", { href: `/?product_id=${encodeURIComponent(id)}` }, el("b", {}, title), el("span", {}, `${category} · ${plain(price)}`)));

export function waiting(rows) {
  return el(
    "div",
    { class: "waiting", "aria-hidden": "true" },
    Array.from({ length: Math.min(rows, 6) }, () => el("div", { class: "ghost" }, el("i"), el("i"), el("i"), el("i"))),
  );
}

const ORDER = { roi: "rankedRoi", gmv: "rankedGmv", profit: "rankedProfit" };

// `told` is question, answer, and what it was on the known terms; `on` is what the merchant can do with it.
export function answered(told, on) {
  const { question, answer } = told;
  const found = answer.creators.length;
  const filtered = Object.keys(question.filters).length > 0;
  const view = viewOf(answer, on.view(told));
  return el(
    "section",
    { "aria-labelledby": "answer-title" },
    el(
      "header",
      { class: "answer-head" },
      el("h2", { id: "answer-title", tabindex: -1 }, found ? say("foundFor", { product: answer.product.title, count: found }) : say("nobody")),
      el("p", {}, found ? say(ORDER[orderOf(answer)]) : filtered && say("nobodyHint")),
      !found && filtered && el("button", { type: "button", class: "secondary", onclick: on.clearFilters }, say("clearFilters")),
    ),
    question.terms && trialStrip(told, on.clearTerms),
    answer.notes.length > 0 && notes(answer.notes),
    el(
      "div",
      { class: "tools" },
      whyNotForm(on.ask),
      found > 0 && el("button", { type: "button", class: "secondary export", onclick: on.exportList }, say("exportList")),
    ),
    answer.included?.length > 0 && askedAbout(answer, view, on.drop),
    found > 0 && creatorList(answer.creators, view),
    el("p", { class: "list-end" }, `${say("factsAsOf", { day: day(answer.as_of) })} · ${say("listEnd", { bundle: answer.bundle })}`),
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

// A refusal, with what may help more than asking the same again.
export function refused(error, question, on) {
  const button = (key, onclick) => el("button", { type: "button", class: "secondary", onclick }, say(key));
  const others = [];
  if (error.status === 401) others.push(button("signIn", on.signIn));
  if (error.status === 404) others.push(button("otherProduct", on.otherProduct));
  if (error.status === 409 && question.objective === "profit") others.push(button("rankByRoi", on.rankByRoi));
  return faultSection(error, on.retry, others);
}
