// Talking to the service. Whatever goes wrong arrives as a Refusal: problem details, status 0 where nobody answered.

import { currentKey } from "./key.js";
import { currentLanguage } from "./text.js";

export class Refusal extends Error {
  constructor(problem, waitSeconds = null) {
    super(problem.detail ?? "");
    this.problem = problem;
    this.status = problem.status;
    this.waitSeconds = waitSeconds;
  }
}

function headers(more) {
  const key = currentKey();
  const language = currentLanguage() === "zh" ? "zh-CN" : "en";
  return { Accept: "application/json", "Accept-Language": language, ...(key && { Authorization: `Bearer ${key}` }), ...more };
}

async function ask(address, options = {}) {
  const answer = await reach(address, { ...options, headers: headers(options.headers) });
  const content = await answer.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return null; // a gateway in between answers in HTML
  });
  if (answer.ok && content !== null) return content;
  const refusal = new Refusal({ ...content, status: answer.ok ? 502 : answer.status }, waitOf(answer));
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("key-wanted", { detail: refusal }));
  throw refusal;
}

async function reach(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ status: 0 });
  }
}

// Elsewhere asking again does not help, however long one waits.
function waitOf(answer) {
  if (![429, 503].includes(answer.status)) return null;
  const seconds = Number(answer.headers.get("Retry-After"));
  return seconds > 0 ? Math.ceil(seconds) : null;
}

const post = (address, content, rest = {}) =>
  ask(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content), ...rest });

export function findProducts(words, cursor, signal) {
  const query = new URLSearchParams({ limit: 20 });
  if (words) query.set("q", words);
  if (cursor) query.set("cursor", cursor);
  return ask(`/v1/products?${query}`, { signal });
}

export const getProduct = (id, signal) => ask(`/v1/products/${encodeURIComponent(id)}`, { signal });

export const findCreators = (question, signal) => post("/v1/matches", question, { signal });

// `keepalive` sends on while the page is left; browsers allow that for 64 KB at a time, so not for what must arrive.
export const sendEvents = (events, { keepalive = false } = {}) => post("/v1/events", { events }, { keepalive });

const creatorAt = (id, rest = "") => `/v1/creators/${encodeURIComponent(id)}${rest}`;
export const getProfile = (id) => ask(creatorAt(id));
export const getSimilar = (id) => ask(creatorAt(id, "/similar?limit=6"));

export function getTrackRecord(cursor, signal) {
  const query = new URLSearchParams({ limit: 20 });
  if (cursor) query.set("cursor", cursor);
  return ask(`/v1/track-record?${query}`, { signal });
}
