// What the merchant asks: in the form, in the address (so that it can be shared), and for the service.

const LISTS = ["category", "city", "mcn_id", "exclude"];
const FLAGS = ["only_new", "same_city"];
const NUMBERS = [
  "follower_min", "follower_max", "slot_fee_max", "reputation_min", "exclude_contacted_days",
  "accept_min", "roi_min", "settled_gmv_min",
];
const FILTERS = [...LISTS, ...FLAGS, ...NUMBERS, "channel"];
const GROUPS = ["product", "terms"];
const OBJECTIVES = ["roi", "gmv", "profit"];
const SIZES = [10, 20, 50, 100];
const DEFAULTS = { objective: "roi", k: "20" };

const inputsOf = (form) => [...form.elements].filter((input) => input.name && input.type !== "radio");

// Percent in the form is a fraction everywhere else; rounding undoes what floats add.
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
  const groups = { filters: {}, product: {}, terms: {} };
  for (const tag of tags) if (tag.values.length) groups.filters[tag.name] = [...tag.values];
  for (const input of inputsOf(form)) {
    const value = valueOf(input);
    if (value === undefined || input.name === "k") continue;
    const [group, name] = input.name.split(".");
    if (name) groups[group][name] = value;
    else groups.filters[group] = value;
  }
  const { filters, product, terms } = groups;
  const question = { objective: form.elements.objective.value, k: Number(form.elements.k.value), filters };
  if (Object.keys(terms).length) question.terms = terms;
  if (form.elements.mode.value === "new") question.product = product;
  else if (picked) question.product_id = picked.product_id;
  return question;
}

// Put a question into the form.
export function write(form, tags, question) {
  for (const tag of tags) tag.set(question.filters[tag.name] ?? []);
  for (const input of inputsOf(form)) {
    const [group, name] = input.name.split(".");
    const value = name ? question[group]?.[name] : question.filters[group];
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
  for (const group of GROUPS) {
    for (const [name, value] of Object.entries(question[group] ?? {})) query.set(`${group}.${name}`, value);
  }
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
  const asked = (name, known, usual) => (known.map(String).includes(query.get(name)) ? query.get(name) : usual);
  const question = { objective: asked("objective", OBJECTIVES, "roi"), k: Number(asked("k", SIZES, "20")), filters };
  const product = group(query, "product");
  const terms = group(query, "terms");
  if (Object.keys(terms).length) question.terms = terms;
  if (query.get("product_id")) question.product_id = query.get("product_id");
  else if (Object.keys(product).length) question.product = product;
  return question;
}

function group(query, name) {
  const inside = [...query].filter(([each]) => each.startsWith(`${name}.`));
  return Object.fromEntries(inside.map(([each, value]) => [each.slice(name.length + 1), typed(each, value)]));
}

function typed(name, value) {
  if (NUMBERS.includes(name) || /^(product\.(price|\w+_(rate|cost))|terms\.\w+)$/.test(name)) return Number(value);
  return value === "true" && FLAGS.includes(name) ? true : value;
}

export const filterCount = (question) => Object.keys(question.filters).length;

// How a product's memories are filed: by its id, or by title where the catalog does not have it.
export const productKey = (product) => product.product_id ?? `new:${product.title}`;
