// The merchant page: ask for creators for a product, look at them, share what was asked.

import { findCreators, getProduct, Refusal } from "./api.js";
import { byId, el } from "./dom.js";
import { checkForm, clearFaults, showFaults } from "./faults.js";
import { day } from "./format.js";
import { Picker } from "./picker.js";
import * as questions from "./question.js";
import * as states from "./states.js";
import { Tags } from "./tags.js";
import { say, switchLanguage, translate } from "./text.js";

const form = byId("ask");
const results = byId("results");
const place = byId("answer");
const HINTS = { roi: "hintRoi", gmv: "hintGmv", profit: "hintProfit" };

const picker = new Picker(() => clearFaults(form));
const tags = [...document.querySelectorAll(".tags")].map((box) => new Tags(box, showSettings));
let shown = () => states.start(); // makes what stands in the answer's place, again after a switch of language
let asking = null;
let factsAsOf = null;

const read = () => questions.read(form, tags, picker.picked);

function show(make, words = "") {
  shown = make;
  const content = make();
  place.replaceChildren(content);
  byId("status").textContent = words;
}

// Let the form follow its own switches: which part is shown, which hint, how many filters are set.
function showSettings() {
  const isNew = form.elements.mode.value === "new";
  byId("catalog-part").hidden = isNew;
  byId("new-part").hidden = !isNew;
  byId("objective-hint").textContent = say(HINTS[form.elements.objective.value]);
  const filters = questions.filterCount(read());
  byId("filter-count").textContent = filters || "";
}

async function find() {
  const question = read();
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  results.setAttribute("aria-busy", "true");
  const title = question.product?.title ?? picker.picked?.title ?? question.product_id;
  show(() => states.waiting(question.k), say("looking", { product: title }));
  try {
    const answer = await findCreators(question, signal);
    showAnswer(answer);
  } catch (error) {
    if (error.name === "AbortError") return;
    showRefusal(error);
  }
  results.setAttribute("aria-busy", "false");
}

function showAnswer(answer) {
  remember("creator-categories", answer.creators.map((creator) => creator.category));
  remember("creator-cities", answer.creators.map((creator) => creator.city));
  factsAsOf = answer.as_of;
  showFactsDate();
  document.title = `${answer.product.title} · ${say("pageTitle")}`;
  const clear = questions.filterCount(read()) ? clearFilters : null;
  show(() => states.answered(answer, clear), say("found", { count: answer.creators.length }));
}

function showFactsDate() {
  byId("facts-date").textContent = factsAsOf ? say("factsAsOf", { day: day(factsAsOf) }) : "";
}

function showRefusal(error) {
  const problem = error instanceof Refusal ? error.problem : null;
  show(() => states.refused(problem, find));
  showFaults(form, problem?.errors ?? []);
}

// Suggest in a filter what has been seen in answers; the service takes any word.
function remember(id, words) {
  const list = byId(id);
  const known = new Set([...list.options].map((option) => option.value));
  const added = [...new Set(words)].filter((word) => word && !known.has(word));
  list.append(...added.map((word) => el("option", { value: word })));
}

function clearFilters() {
  questions.write(form, tags, { ...read(), filters: {} });
  showSettings();
  submit();
}

function submit() {
  for (const tag of tags) tag.take();
  clearFaults(form);
  const faults = checkForm(form, picker.picked);
  if (faults.length) return void showFaults(form, faults);
  const address = questions.toAddress(read());
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  // Where the form stands above the list, the list is out of sight: go there.
  if (results.getBoundingClientRect().top > innerHeight * 0.6) results.scrollIntoView({ block: "start" });
  return void find();
}

// Ask what the address says: on arrival, and when going back and forth.
async function followAddress() {
  const question = questions.fromAddress(location.search);
  questions.write(form, tags, question);
  clearFaults(form);
  picker.set(question.product_id ? { product_id: question.product_id, title: question.product_id } : null);
  showSettings();
  if (!question.product_id && !question.product) {
    asking?.abort();
    document.title = say("pageTitle");
    return show(() => states.start());
  }
  if (question.product_id) {
    getProduct(question.product_id).then(
      (product) => picker.picked?.product_id === product.product_id && picker.set(product),
      () => picker.picked?.product_id === question.product_id && picker.set(null), // the answer says why
    );
  }
  return find();
}

function speak() {
  translate(document);
  byId("language").textContent = say("otherLanguage");
  byId("language").lang = document.documentElement.lang === "en" ? "zh-CN" : "en";
  for (const tag of tags) tag.show();
  showSettings();
  showFactsDate();
  place.replaceChildren(shown());
}

form.addEventListener("change", showSettings);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
for (const radio of form.elements.objective) {
  radio.addEventListener("change", () => (read().product_id || read().product) && place.querySelector("[data-creator]") && submit());
}
byId("clear-filters").addEventListener("click", clearFilters);
byId("language").addEventListener("click", () => {
  switchLanguage();
  speak();
});
addEventListener("popstate", followAddress);
if (matchMedia("(min-width: 1121px)").matches) byId("filters").open = true;
speak();
followAddress();
