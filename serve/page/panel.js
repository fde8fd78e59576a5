// A panel over the page: a modal dialog, so that the browser keeps the focus inside and gives it back.

import { byId, el } from "./dom.js";
import { keepNotice } from "./notice.js";
import { say } from "./text.js";

let opened = 0;

// kind: "side" (a drawer), "wide" (a broad one) or "small" (a question).
export function openPanel(title, content, kind = "side") {
  opened += 1;
  const heading = el("h2", { id: `panel-title-${opened}`, tabindex: -1, autofocus: true }, title);
  const close = el("button", { type: "button", class: "close", "aria-label": say("close") }, "×");
  const dialog = el(
    "dialog",
    { class: `panel ${kind}`, "aria-labelledby": heading.id },
    el("header", { class: "panel-head" }, heading, close),
    el("div", { class: "panel-body" }, content),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside the panel
  dialog.addEventListener("close", () => {
    if (dialog.contains(byId("notice"))) keepNotice();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
