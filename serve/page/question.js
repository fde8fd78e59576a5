// What the merchant asks: in the form, in the address (so that it can be shared), and for the service.

const FILTERS = [
  "category", "city", "follower_min", "follower_max", "channel", "slot_fee_max",
  "only_new", "same_city", "accept_min", "roi_min",
];
const LISTS = ["category", "city"];
const DEFAULTS = { objective: "roi", k: "20" };

const inputsOf = (form) => [...form.elements].filter((input) => input.name && input.type !== "radio");

// Percent in the form is a fraction everywhere else; four decimals undo what floats add.
const toFraction = (text) => Number((Number(text) / 100).toFixed(6));
const toPercent = (value) => String(Number((Number(value) * 100).toFixed(4)));

function valueOf(input) {
  if (input.type === "checkbox") return input.checked || undefined;
  const text = input.value.trim();
  if (text === "") return undefined;
  if (input.dataset.percent !== undefined) return toFraction(text);
  return input.type === "number" ? Number(text) : text;
}

// Read the form; tags and the picked product live outside of its inputs.
export function read(form, tags, picked) {
  const filters = {};
  const product = {};
  for (const tag of tags) if (tag.values.length) filters[tag.name] = [...tag.values];
  for (const input of inputsOf(form)) {
    const value = valueOf(input);
    if (value === undefined || input.name === "k") continue;
    const [group, name] = input.name.split(".");
    if (name) product[name] = value;
    else filters[group] = value;
  }
  const question = { objective: form.elements.objective.value, k: Number(form.elements.k.value), filters };
  if (form.elements.mode.value === "new") question.product = product;
  else if (picked) question.product_id = picked.product_id;
  return question;
}

// Put a question into the form.
export function write(form, tags, question) {
  for (const tag of tags) tag.set(question.filters[tag.name] ?? []);
  for (const input of inputsOf(form)) {
    const [group, name] = input.name.split(".");
    const value = name ? question.product?.[name] : question.filters[group];
    if (input.name === "k") input.value = String(question.k);
    else if (input.type === "checkbox") input.checked = Boolean(value);
    else if (value === undefined) input.value = "";
    else input.value = input.dataset.percent === undefined ? value : toPercent(value);
  }
  form.elements.objective.value = question.objective;
  form.elements.mode.value = question.product ? "new" : "catalog";
}

export function toAddress(question) {
  const query = new URLSearchParams();
  if (question.product_id) query.set("product_id", question.product_id);
  for (const [name, value] of Object.entries(question.product ?? {})) query.set(`product.${name}`, value);
  for (const name of FILTERS) {
    for (const value of [question.filters[name] ?? []].flat()) query.append(name, value);
  }
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (String(question[name]) !== usual) query.set(name, question[name]);
  }
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

// Read an address; what it does not know is left out, what cannot be is refused by the service.
export function fromAddress(search) {
  const query = new URLSearchParams(search);
  const filters = {};
  for (const name of FILTERS) {
    const values = query.getAll(name).filter(Boolean);
    if (values.length) filters[name] = LISTS.includes(name) ? values : typed(name, values[0]);
  }
  const question = {
    objective: ["gmv", "profit"].includes(query.get("objective")) ? query.get("objective") : "roi",
    k: [10, 20, 50, 100].includes(Number(query.get("k"))) ? Number(query.get("k")) : 20,
    filters,
  };
  const product = [...query].filter(([name]) => name.startsWith("product."));
  if (query.get("product_id")) question.product_id = query.get("product_id");
  else if (product.length) {
    question.product = Object.fromEntries(product.map(([name, value]) => [name.slice(8), typed(name, value)]));
  }
  return question;
}

const NUMBERS = /^(product\.(price|\w+_(rate|cost))|follower_(min|max)|slot_fee_max|accept_min|roi_min)$/;

function typed(name, value) {
  if (NUMBERS.test(name)) return Number(value);
  return value === "true" && ["only_new", "same_city"].includes(name) ? true : value;
}

export const filterCount = (question) => Object.keys(question.filters).length;
