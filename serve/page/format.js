// Numbers as a merchant reads them: short, three significant digits, the exact value on hover.

import { currentLanguage } from "./text.js";

const locale = () => (currentLanguage() === "zh" ? "zh-CN" : "en");
const made = new Map();

function formatter(options) {
  const key = locale() + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.NumberFormat(locale(), options));
  return made.get(key);
}

export const DASH = "–";

export function money(value, currency, exact = false) {
  if (value === null || value === undefined) return DASH;
  const style = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
  const short = { notation: "compact", maximumSignificantDigits: 3 };
  if (Math.abs(value) >= 1000) short.minimumSignificantDigits = 3; // 1.10 beside 1.24
  const whole = { maximumFractionDigits: Math.abs(value) < 100 && currency !== "VND" ? 2 : 0 };
  return formatter({ ...style, ...(exact ? whole : short) }).format(value);
}

export function plain(value) {
  return value === null || value === undefined ? DASH : formatter({ maximumFractionDigits: 2 }).format(value);
}

export function count(value) {
  return formatter({ notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

export function percent(value, digits = 0) {
  if (value === null || value === undefined) return DASH;
  return formatter({ style: "percent", maximumFractionDigits: digits }).format(value);
}

// 4.20, 12.3, 1,230: always three digits, so that a column of them can be compared.
export function ratio(value) {
  if (value === null || value === undefined) return DASH;
  if (value === 0) return "0";
  if (Math.abs(value) >= 1000) return count(value);
  if (Math.abs(value) < 0.01) return formatter({ maximumSignificantDigits: 1 }).format(value);
  const rounded = Number(value.toPrecision(3)); // 9.999 is 10.0, not 10.00
  const digits = Math.min(2, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded)))));
  return formatter({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(rounded);
}

export function day(iso) {
  const date = new Date(`${iso}T00:00:00`);
  return new Intl.DateTimeFormat(locale(), { year: "numeric", month: "long", day: "numeric" }).format(date);
}

// Without the year where it is this one.
export function shortDay(iso) {
  const date = new Date(`${iso}T00:00:00`);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(locale(), { year, month: "short", day: "numeric" }).format(date);
}

// The day on this device's clock, as an ISO day: what UTC calls yesterday is today already in China.
export function localDay(date = new Date()) {
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
