// Choosing a product: a combobox over the service's products, as WAI-ARIA describes one.

import { findProducts } from "./api.js";
import { byId, el } from "./dom.js";
import { plain } from "./format.js";
import { say } from "./text.js";
import { faultLine } from "./trouble.js";

const WAIT_MS = 150;

export class Picker {
  constructor(onPick) {
    this.input = byId("picker");
    this.list = byId("picker-list");
    this.line = byId("picked");
    this.onPick = onPick;
    this.picked = null;
    this.products = [];
    this.cursor = null;
    this.active = -1;
    this.input.addEventListener("input", () => this.search(WAIT_MS));
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("click", () => this.list.hidden && this.search(0, ""));
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => this.leave());
    // Keep the focus in the input while an option is clicked.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.clicked(event));
  }

  set(product) {
    this.picked = product;
    this.input.value = product ? product.title : "";
    const parts = product && [product.category, product.price !== undefined && plain(product.price), product.product_id];
    this.line.textContent = product ? parts.filter(Boolean).join(" · ") : "";
    this.line.hidden = !product;
    this.close();
  }

  forget() {
    this.products = [];
    this.cursor = null;
    this.list.replaceChildren();
    this.set(null);
  }

  search(wait, words = this.input.value.trim()) {
    clearTimeout(this.timer);
    this.words = words;
    this.timer = setTimeout(() => this.load(null), wait);
  }

  async load(cursor) {
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      const page = await findProducts(this.words, cursor, this.asking.signal);
      this.products = cursor ? [...this.products, ...page.items] : page.items;
      this.cursor = page.next_cursor;
      if (!cursor) this.active = this.products.length ? 0 : -1;
      this.open();
    } catch (error) {
      if (error.name !== "AbortError") this.open(faultLine(error));
    }
  }

  open(refusal = null) {
    if (document.activeElement !== this.input) return;
    const options = this.products.map((product, index) => this.option(product, index));
    if (this.cursor) options.push(this.last(say("pickMore"), "more"));
    if (refusal) options.splice(0, options.length, this.last(refusal, "nothing"));
    else if (!options.length) options.push(this.last(say("pickNothing"), "nothing"));
    this.list.replaceChildren(...options);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  option(product, index) {
    return el(
      "li",
      { role: "option", id: `option-${index}`, "data-index": index, "aria-selected": "false" },
      el("span", { class: "option-title" }, product.title),
      el("span", { class: "option-about" }, `${product.category} · ${plain(product.price)} · ${product.product_id}`),
    );
  }

  last(words, kind) {
    const more = kind === "more" ? { id: `option-${this.products.length}`, "data-index": this.products.length } : {};
    return el("li", { role: "option", class: kind, "aria-selected": "false", "aria-disabled": kind === "nothing", ...more }, words);
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  // What was typed but not chosen is no product: go back to the one that is picked.
  leave() {
    const words = this.input.value.trim();
    if (this.picked && words === "") {
      this.set(null);
      this.onPick(null);
    } else this.set(this.picked);
  }

  mark() {
    const options = [...this.list.querySelectorAll("[data-index]")];
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === this.active)));
    const current = options[this.active];
    if (!current) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", current.id);
    return current.scrollIntoView({ block: "nearest" });
  }

  choose(index) {
    if (index === this.products.length && this.cursor) return void this.load(this.cursor);
    const product = this.products[index];
    if (!product) return;
    this.set(product);
    this.onPick(product);
  }

  clicked(event) {
    const option = event.target.closest("[data-index]");
    if (option) this.choose(Number(option.dataset.index));
  }

  pressed(event) {
    if (event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      event.preventDefault();
      if (this.list.hidden) return void this.search(0, this.picked ? "" : this.input.value.trim());
      const size = this.products.length + (this.cursor ? 1 : 0);
      if (size) this.active = (this.active + steps[event.key] + size) % size;
      this.mark();
    } else if (event.key === "Enter" && !this.list.hidden) {
      event.preventDefault();
      this.choose(this.active);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.set(this.picked);
    }
  }
}
