// A list as a table for a spreadsheet: every figure that the page shows, in the page's language.

import { STAGES } from "./evidence.js";
import { localDay } from "./format.js";
import { currentLanguage, say } from "./text.js";

const money = (value) => round(value, 2);
const share = (value) => round(value, 4);
const round = (value, digits) => (value === null || value === undefined ? null : Number(value.toFixed(digits)));

// With a tab after it an id stays as it is: a spreadsheet would make 7 of 007, a date of 2026-11, a round number of a long one.
const asText = (id) => (id ? `${id}\t` : null);

// Heading (a key of text.js) and what stands below it, of one entry of a list or of the shortlist.
const COLUMNS = [
  ["csvProduct", ({ product }) => product.title],
  ["csvProductId", ({ product }) => asText(product.product_id)],
  ["csvRank", ({ creator }) => creator.rank],
  ["csvCreator", ({ creator }) => creator.name],
  ["csvCreatorId", ({ creator }) => asText(creator.creator_id)],
  ["csvCategory", ({ creator }) => creator.category],
  ["csvCity", ({ creator }) => creator.city],
  ["csvMcn", ({ creator }) => asText(creator.mcn_id)],
  ["csvFollowers", ({ creator }) => creator.follower_count],
  ["channel", ({ creator }) => say(creator.offer.channel)],
  ["csvCommission", ({ creator }) => share(creator.offer.commission_rate)],
  ["csvSlotFee", ({ creator }) => money(creator.offer.slot_fee)],
  ["csvSample", ({ creator }) => money(creator.offer.sample_cost)],
  ["estimated", ({ creator }) => say(creator.offer.cost_estimated ? "yes" : "no")],
  ["roi", ({ creator }) => share(creator.predicted.roi)],
  ["csvRoiLow", ({ creator }) => share(creator.predicted.roi_low)],
  ["csvRoiHigh", ({ creator }) => share(creator.predicted.roi_high)],
  ["sales", ({ creator }) => money(creator.predicted.settled_gmv)],
  ["csvSalesLow", ({ creator }) => money(creator.predicted.settled_gmv_low)],
  ["csvSalesHigh", ({ creator }) => money(creator.predicted.settled_gmv_high)],
  ["csvCost", ({ creator }) => money(creator.predicted.cost)],
  ["profit", ({ creator }) => money(creator.predicted.profit)],
  ["csvBreakEven", ({ creator }) => money(creator.predicted.break_even_slot_fee)],
  ["csvAccept", ({ creator }) => share(creator.predicted.accept_probability)],
  ["csvPublish", ({ creator }) => share(creator.predicted.fulfil_probability)],
  ["csvSale", ({ creator }) => share(creator.predicted.sale_probability)],
  ["csvBase", ({ creator }) => share(creator.evidence?.base)],
  ...STAGES.map((stage) => [stage, ({ creator }) => share(creator.evidence?.[stage])]),
  ["why", ({ creator }) => (creator.reasons ?? []).map((reason) => reason.text).join(currentLanguage() === "zh" ? "；" : "; ")],
  ["csvCurrency", ({ currency }) => currency],
  ["csvAsOf", ({ as_of }) => as_of],
  ["csvBundle", ({ bundle }) => bundle],
];

// With a byte order mark, without which Excel reads Chinese as Latin.
export function toCsv(entries) {
  const lines = [COLUMNS.map(([heading]) => say(heading)), ...entries.map((entry) => COLUMNS.map(([, value]) => value(entry)))];
  return `\ufeff${lines.map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  return `"${harmless(String(value)).replaceAll('"', '""')}"`;
}

// A spreadsheet would run what begins like a formula, and where its list separator is another one, cells begin inside of ours.
const harmless = (text) => text.replace(/(^|[;,\t\r\n])(?=[^\S\t\r\n]*[=+\-@＝＋－＠])|^(?=[\t\r])/g, "$1'");

export function csvName(kind, title, now = new Date()) {
  const safe = title.replace(/[\\/:*?"<>|\p{Cc}]+/gu, " ").trim().slice(0, 60);
  return `${say(kind)} ${safe} ${localDay(now)}.csv`;
}

export function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // some browsers read it only after asking where to
}
