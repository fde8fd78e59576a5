// The shortlist as a panel: by product, with what can be done with each creator.

import { actionBar } from "./actions.js";
import { csvName, download, toCsv } from "./csv.js";
import { el } from "./dom.js";
import { entryName } from "./entry.js";
import { money, percent, ratio, shortDay } from "./format.js";
import { announce } from "./notice.js";
import { offerTerms } from "./offer.js";
import { openPanel } from "./panel.js";
import { lists } from "./shortlist.js";
import { say } from "./text.js";

export function exportCsv(kind, title, entries) {
  const name = csvName(kind, title);
  download(name, toCsv(entries));
  announce(say("exported", { name }));
}

export function openShortlist() {
  const place = el("div", { class: "shortlist" });
  const show = () => {
    const inside = place.contains(document.activeElement);
    place.replaceChildren(...content());
    if (inside) place.closest("dialog").querySelector("h2").focus(); // what had it may be gone
  };
  show();
  const panel = openPanel(say("shortlist"), place);
  document.addEventListener("kept", show);
  panel.addEventListener("close", () => document.removeEventListener("kept", show));
}

function content() {
  const products = lists();
  if (!products.length) {
    return [el("p", {}, say("shortlistEmpty")), el("p", { class: "soft" }, say("shortlistEmptyHint"))];
  }
  return [el("p", { class: "soft" }, say("shortlistKept")), ...products.map(productPart)];
}

function productPart(entries) {
  const { product } = entries[0];
  const onclick = () => exportCsv("csvShortlist", product.title, entries);
  return el(
    "section",
    {},
    el("h3", {}, product.title),
    el(
      "div",
      { class: "buttons" },
      el("button", { type: "button", class: "secondary", onclick }, say("exportShortlist")),
      product.product_id && el("a", { href: `/?product_id=${encodeURIComponent(product.product_id)}` }, say("seeProduct")),
    ),
    el("ol", { role: "list" }, entries.map(item)),
  );
}

function item(entry) {
  const { creator, currency, as_of } = entry;
  const { predicted } = creator;
  const facts = [
    `${say("roiShort")} ${ratio(predicted.roi)}`,
    `${say("sales")} ${money(predicted.settled_gmv, currency)}`,
    `${say("profit")} ${money(predicted.profit, currency)}`,
    `${say("accept")} ${percent(predicted.accept_probability)}`,
  ];
  return el(
    "li",
    {},
    el("h4", {}, entryName(entry)),
    el("p", { class: "offer" }, offerTerms(creator.offer, currency)),
    el("p", { class: "facts" }, facts.join(" · ")),
    el("p", { class: "soft" }, say("factsAsOf", { day: shortDay(as_of) })),
    actionBar(entry),
  );
}
