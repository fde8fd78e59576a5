// Asking for creators, and what stands in the answer's place until the next question.

import { refreshActions } from "./actions.js";
import { findCreators, findProducts, Refusal } from "./api.js";
import { MOST_INCLUDED, onKnownTerms } from "./changes.js";
import { byId } from "./dom.js";
import { entryOf } from "./entry.js";
import { tellQuietly } from "./events.js";
import { nameOf, remember } from "./names.js";
import { announce } from "./notice.js";
import { productKey } from "./question.js";
import * as states from "./states.js";
import { say } from "./text.js";
import { faultLine } from "./trouble.js";

const results = byId("results");
const place = byId("answer");
const OFFERED = 8;

export class Search {
  // `on`: what the merchant can do with an answer, beside what this class does itself.
  constructor(on) {
    this.on = { ...on, view: (told) => this.viewOf(told), ask: (id) => this.askAbout(id), drop: (id) => this.drop(id) };
    this.asked = null; // the last question, answered or not
    this.told = null;
    this.about = []; // creators who were asked about
    this.opened = new Set(); // creators whose reasons are open
    this.start();
  }

  start() {
    this.clear();
    if (!this.products) this.offerProducts();
  }

  // An aborted question leaves the end of its waiting to whoever aborted it.
  clear() {
    this.asking?.abort();
    results.setAttribute("aria-busy", "false");
    this.asked = null;
    this.told = null;
    this.seen = null; // the question whose list was seen last
    this.show(() => states.start(this.products ?? []));
  }

  // Drop all that was told to one merchant before the next one looks.
  leave() {
    this.offering?.abort();
    this.products = null;
    this.forget();
    this.clear();
  }

  // Some of the merchant's products to begin with; where they cannot be had, the search for one says why.
  async offerProducts() {
    this.offering?.abort();
    this.offering = new AbortController();
    try {
      const { items } = await findProducts("", null, this.offering.signal);
      this.products = items.slice(0, OFFERED);
      if (!this.asked) this.redraw();
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof Refusal)) throw error;
    }
  }

  // Put in place what `make` makes, now and whenever the language changes.
  show(make, words = "") {
    this.make = make;
    byId("status").textContent = words;
    this.redraw();
  }

  // Whoever stood in the old list with the keyboard stands at the head of the new one.
  redraw() {
    const inside = place.contains(document.activeElement);
    place.replaceChildren(this.make());
    refreshActions();
    if (inside) (byId("answer-title") ?? results).focus({ preventScroll: true });
  }

  // Ask; quietly, where the list on the screen stays until the new one is there. True if there is an answer.
  async find(question, title, { quietly = false } = {}) {
    if (this.told && productKeyOf(this.told.question) !== productKeyOf(question)) this.forget();
    if (!quietly || !this.told) {
      this.told = null;
      this.show(() => states.waiting(question.k), say("looking", { product: title }));
    }
    this.asked = { question, title };
    try {
      await this.fetch(question, this.about);
      return true;
    } catch (error) {
      if (error.name === "AbortError") return false;
      this.told = null;
      this.show(() => states.refused(error, question, this.on));
      this.on.refused(error);
      return false;
    }
  }

  // Ask the last question once more: in the language that was chosen meanwhile, or after a failure.
  again() {
    if (this.asked) this.find(this.asked.question, this.asked.title, { quietly: true });
  }

  forget() {
    this.about = [];
    this.opened.clear();
  }

  async fetch(question, about) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    results.setAttribute("aria-busy", "true");
    try {
      const asked = about.length ? { ...question, include: about } : question;
      const answer = await findCreators(asked, signal);
      const before = question.terms ? await this.known(asked, answer, signal) : null;
      this.about = about;
      this.take({ question, answer, before });
    } finally {
      if (!signal.aborted) results.setAttribute("aria-busy", "false");
    }
  }

  // The comparison is an extra: a list without it is still a list.
  async known(question, answer, signal) {
    try {
      return await onKnownTerms(question, answer, signal);
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }

  take(told) {
    const seen = JSON.stringify(told.question);
    const isNew = seen !== this.seen;
    this.seen = seen;
    this.told = told;
    remember([...told.answer.creators, ...(told.answer.included ?? [])]);
    this.show(() => states.answered(told, this.on), say("found", { count: told.answer.creators.length }));
    this.on.answered(told);
    // A list that is only told anew, in the other language say, is not seen twice.
    if (isNew) tellQuietly("impression", told.answer.creators.map((creator) => this.entry(creator)));
  }

  entry(creator) {
    return entryOf(creator, this.told.answer, this.told.question);
  }

  viewOf({ before }) {
    return {
      before,
      opened: this.opened,
      entry: (creator) => this.entry(creator),
      onHide: this.on.hide,
      onAsk: (id) => this.askAbout(id).catch((error) => announce(faultLine(error))),
      onReasons: (creator, open) => {
        this.opened[open ? "add" : "delete"](creator.creator_id);
        if (open) tellQuietly("view", [this.entry(creator)]);
      },
    };
  }

  // Bring a creator into the answer whatever their rank; throws what the service refuses.
  async askAbout(id) {
    const listed = this.told.answer.creators.find((creator) => creator.creator_id === id);
    if (listed) {
      announce(say("whyNotListed", { name: nameOf(id), rank: listed.rank }));
      return place.querySelector(`.creators [data-creator="${CSS.escape(id)}"]`).focus();
    }
    try {
      const others = this.about.filter((each) => each !== id);
      await this.fetch(this.told.question, [...others, id].slice(-MOST_INCLUDED)); // the newest
    } catch (error) {
      if (error.name !== "AbortError") throw error;
      return undefined; // another question took its place
    }
    return byId("asked-title").focus();
  }

  drop(id) {
    this.about = this.about.filter((each) => each !== id);
    const { answer } = this.told;
    answer.included = answer.included.filter((creator) => creator.creator_id !== id);
    this.redraw();
  }
}

const productKeyOf = (question) => productKey(question.product ?? question);
