// An input that collects several values as removable tags. Enter, a comma or leaving it adds one.

import { el } from "./dom.js";
import { say } from "./text.js";

const LEAVE_MS = 200;

export class Tags {
  // `label` tells a value in words.
  constructor(box, onChange, label) {
    this.label = label;
    this.box = box;
    this.input = box.querySelector("input");
    this.name = box.dataset.name;
    this.onChange = onChange;
    this.values = [];
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    // Later, so that a click that leaves the input still meets what it was aimed at.
    this.input.addEventListener("change", () => setTimeout(() => this.take(), LEAVE_MS));
    box.addEventListener("click", (event) => event.target === box && this.input.focus());
  }

  set(values) {
    this.values = [...new Set(values)];
    this.input.value = "";
    this.show();
  }

  // Turn what is typed into tags; also called before a question is asked.
  take() {
    const typed = this.input.value.split(/[,，、;；]/).map((word) => word.trim()).filter(Boolean);
    if (!typed.length) return;
    this.set([...this.values, ...typed]);
    this.onChange();
  }

  pressed(event) {
    if (event.isComposing) return; // Enter confirms a Chinese word first
    if ((event.key === "Enter" && this.input.value.trim()) || [",", "，"].includes(event.key)) {
      event.preventDefault();
      this.take();
    } else if (event.key === "Backspace" && !this.input.value && this.values.length) {
      this.remove(this.values.at(-1));
    }
  }

  remove(value) {
    this.set(this.values.filter((each) => each !== value));
    this.onChange();
    this.input.focus();
  }

  show() {
    for (const tag of this.box.querySelectorAll(".tag")) tag.remove();
    this.input.before(
      ...this.values.map((value) =>
        el(
          "span",
          { class: "tag" },
          this.label(value),
          el("button", { type: "button", "aria-label": say("remove", { value: this.label(value) }), onclick: () => this.remove(value) }, "×"),
        ),
      ),
    );
    this.input.classList.toggle("after-tags", this.values.length > 0);
  }
}
