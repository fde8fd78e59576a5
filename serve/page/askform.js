// The form that asks: product, objective, terms, filters. It knows what is in it and shows what it means.

import { byId, el } from "./dom.js";
import { checkForm, clearFaults, showFaults } from "./faults.js";
import { percent, plain } from "./format.js";
import { nameOf } from "./names.js";
import { Picker } from "./picker.js";
import * as questions from "./question.js";
import { Tags } from "./tags.js";
import { say } from "./text.js";

const HINTS = { roi: "hintRoi", gmv: "hintGmv", profit: "hintProfit" };
const SUGGESTED = ["category", "city", "mcn_id"]; // filters whose words answers tell
const WIDE = "(min-width: 1361px)"; // as in form.css: the form stands beside the list

export const isWide = () => matchMedia(WIDE).matches;

export class AskForm {
  // `onSubmit` is called with a question that can be asked.
  constructor(onSubmit) {
    this.form = byId("ask");
    this.onSubmit = onSubmit;
    this.picker = new Picker(() => {
      clearFaults(this.form);
      this.showSettings();
    });
    this.tags = [...document.querySelectorAll(".tags")].map(
      (box) => new Tags(box, () => this.showSettings(), box.dataset.name === "exclude" ? nameOf : String),
    );
    this.form.addEventListener("change", () => this.showSettings());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    byId("clear-filters").addEventListener("click", () => this.change({ filters: {} }));
    byId("clear-terms").addEventListener("click", () => this.change({ terms: undefined }));
    byId("change").addEventListener("click", () => this.unfold(true));
    byId("filters").open = isWide();
  }

  get question() {
    return questions.read(this.form, this.tags, this.picker.picked);
  }

  get title() {
    const { product, product_id: id } = this.question;
    return product?.title ?? this.picker.picked?.title ?? id;
  }

  // Ask with a part of the question changed.
  change(part) {
    this.write({ ...this.question, ...part });
    this.submit();
  }

  write(question) {
    questions.write(this.form, this.tags, question);
    this.showSettings();
  }

  submit() {
    for (const tag of this.tags) tag.take();
    clearFaults(this.form);
    const faults = checkForm(this.form, this.picker.picked);
    if (faults.length) return this.showFaults(faults);
    return this.onSubmit(this.question);
  }

  showFaults(faults) {
    if (faults.length) this.unfold();
    showFaults(this.form, faults);
  }

  // Let the form follow its own switches: which part is shown, which hints, how much is set.
  showSettings() {
    const { question } = this;
    const isNew = this.form.elements.mode.value === "new";
    byId("catalog-part").hidden = isNew;
    byId("new-part").hidden = !isNew;
    byId("objective-hint").textContent = say(HINTS[question.objective]);
    byId("filter-count").textContent = questions.filterCount(question) || "";
    byId("term-count").textContent = Object.keys(question.terms ?? {}).length || "";
    byId("clear-filters").classList.toggle("idle", !questions.filterCount(question));
    byId("clear-terms").classList.toggle("idle", !question.terms);
    this.showKnownTerms(isNew ? question.product : this.picker.picked);
    this.showSummary(question);
  }

  // What the terms are now stands in their empty fields.
  showKnownTerms(product) {
    for (const input of this.form.querySelectorAll("[data-known]")) {
      const value = product?.[input.dataset.known] ?? null;
      const told = input.dataset.percent === undefined ? plain(value) : percent(value, 1);
      input.placeholder = value === null ? "" : say("nowIs", { value: told });
    }
  }

  // Where the form stands above the list it folds into this line once there is an answer.
  showSummary({ objective, filters, terms }) {
    const count = Object.keys(filters).length;
    const parts = [
      this.title,
      say(`objective${objective[0].toUpperCase()}${objective.slice(1)}`),
      count > 0 && say("filtersSet", { count }),
      terms?.commission_rate !== undefined && say("commission", { rate: percent(terms.commission_rate, 1) }),
      terms?.slot_fee !== undefined && say("slotFee", { fee: plain(terms.slot_fee) }),
    ];
    byId("asked").textContent = parts.filter(Boolean).join(" · ");
  }

  fold() {
    document.body.classList.add("folded");
    byId("change").setAttribute("aria-expanded", "false");
  }

  unfold(focus = false) {
    document.body.classList.remove("folded");
    byId("change").setAttribute("aria-expanded", "true");
    if (focus) this.form.querySelector("input:not([type=radio]), input:checked").focus();
  }

  // Suggest in a filter what has been seen in answers; the service takes any word.
  suggest(creators) {
    for (const name of SUGGESTED) {
      const list = byId(`known-${name}`);
      const known = new Set([...list.options].map((option) => option.value));
      const added = [...new Set(creators.map((creator) => creator[name]))].filter((word) => word && !known.has(word));
      list.append(...added.map((value) => el("option", { value })));
    }
  }

  // Leave nothing of what one merchant asked for to the next.
  clear() {
    this.picker.forget();
    for (const name of SUGGESTED) byId(`known-${name}`).replaceChildren();
    clearFaults(this.form);
    this.write(questions.fromAddress(""));
  }

  speak() {
    for (const tag of this.tags) tag.show();
    this.showSettings();
  }
}
