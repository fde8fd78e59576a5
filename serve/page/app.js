// The merchant page: ask for creators for a product, look at them, share what was asked.

import { clearCompared, openComparison, showTray } from "./comparing.js";
import { refreshActions } from "./actions.js";
import { getProduct } from "./api.js";
import { AskForm, isWide } from "./askform.js";
import { byId } from "./dom.js";
import { clearFaults } from "./faults.js";
import { day } from "./format.js";
import { currentKey, forgetKey, scope } from "./key.js";
import { forgetNames } from "./names.js";
import * as questions from "./question.js";
import { openRecord } from "./record.js";
import { Search } from "./search.js";
import { exportCsv, openShortlist } from "./shortlistpanel.js";
import { shortlistCount } from "./shortlist.js";
import { signIn } from "./signin.js";
import { say, switchLanguage, translate } from "./text.js";

const results = byId("results");
const ask = new AskForm(askNow);
const search = new Search({
  answered,
  refused: (error) => ask.showFaults(error.problem.errors ?? []),
  retry: () => ask.submit(),
  clearFilters: () => ask.change({ filters: {} }),
  clearTerms: () => ask.change({ terms: undefined }),
  rankByRoi: () => ask.change({ objective: "roi" }),
  otherProduct: () => {
    ask.unfold();
    ask.picker.input.focus();
  },
  signIn: askForKey,
  hide: (id) => ask.change({ filters: { ...ask.question.filters, exclude: [...(ask.question.filters.exclude ?? []), id] } }),
  exportList: () => {
    const { answer } = search.told;
    exportCsv("csvList", answer.product.title, answer.creators.map((creator) => search.entry(creator)));
  },
});

let merchant = scope(); // whose the page is

function askNow(question) {
  const address = questions.toAddress(question);
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  const same = search.told && questions.productKey(search.told.answer.product) === questions.productKey(question.product ?? question);
  if (!isWide()) {
    ask.fold();
    results.scrollIntoView({ block: "start" });
  }
  return search.find(question, ask.title, { quietly: same });
}

function answered({ answer }) {
  ask.suggest(answer.creators);
  showFactsDate();
  document.title = `${answer.product.title} · ${say("pageTitle")}`;
}

function showFactsDate() {
  byId("facts-date").textContent = search.told ? say("factsAsOf", { day: day(search.told.answer.as_of) }) : "";
}

// Ask what the address says: on arrival, and when going back and forth.
async function followAddress() {
  const question = questions.fromAddress(location.search);
  clearFaults(ask.form);
  const id = question.product_id;
  ask.picker.set(id ? { product_id: id, title: id } : null);
  ask.write(question);
  showKept();
  if (!id && !question.product) {
    ask.unfold();
    document.title = say("pageTitle");
    return search.start();
  }
  if (id) {
    getProduct(id).then(
      (product) => ask.picker.picked?.product_id === id && named(product),
      () => {}, // the answer says why
    );
  }
  if (!isWide()) ask.fold();
  return search.find(question, ask.title);
}

function named(product) {
  ask.picker.set(product);
  ask.showSettings();
}

// What is kept beside the list: how many are on the shortlist, who is compared, whether a key is used.
function showKept() {
  const count = shortlistCount();
  byId("shortlist-count").textContent = count || "";
  byId("shortlist").setAttribute("aria-label", say("shortlistCount", { count }));
  byId("sign-out").hidden = currentKey() === null;
  showTray();
}

function askForKey() {
  const goOn = () => {
    keepApart();
    followAddress();
  };
  signIn(goOn, keepApart);
}

// Two merchants may share a tab: with another key, or none, nothing is shown of what was told for the former.
// Return whether it was another merchant's.
function keepApart() {
  if (scope() === merchant) return false;
  merchant = scope();
  for (const panel of document.querySelectorAll("dialog[open]")) panel.close();
  clearCompared();
  forgetNames();
  ask.clear();
  search.leave();
  document.title = say("pageTitle");
  showFactsDate();
  return true;
}

function speak() {
  translate(document);
  byId("language").textContent = say("otherLanguage");
  byId("language").lang = document.documentElement.lang === "en" ? "zh-CN" : "en";
  ask.speak();
  showFactsDate();
  showKept();
}

document.addEventListener("kept", showKept);
document.addEventListener("key-wanted", askForKey);
addEventListener("storage", () => {
  keepApart(); // another tab signs in and out, too
  refreshActions();
});
addEventListener("pageshow", () => keepApart() && followAddress()); // going back may bring an old page as it was left
addEventListener("popstate", followAddress);
ask.form.addEventListener("change", ({ target }) => {
  const decides = target.name === "objective" || (target.name.startsWith("terms.") && isWide());
  if (decides && search.told) ask.submit();
});
byId("shortlist").addEventListener("click", openShortlist);
byId("record").addEventListener("click", openRecord);
byId("sign-out").addEventListener("click", () => {
  forgetKey();
  keepApart(); // the browser may keep this page for going back to it
  location.assign("/");
});
byId("tray-show").addEventListener("click", openComparison);
byId("tray-clear").addEventListener("click", () => {
  clearCompared();
  refreshActions();
  results.focus({ preventScroll: true });
});
byId("language").addEventListener("click", () => {
  switchLanguage();
  speak();
  search.redraw();
  search.again(); // reasons and notes come from the service in the language of the question
});
speak();
followAddress();
