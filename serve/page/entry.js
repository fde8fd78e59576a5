// A creator as told for a product: what the shortlist keeps, the export writes and events refer to.

import { productKey } from "./question.js";

const PRODUCT = ["product_id", "title", "category", "price", "margin_rate"];

export function entryOf(creator, answer, question) {
  return {
    creator,
    product: Object.fromEntries(PRODUCT.map((name) => [name, answer.product[name] ?? null])),
    terms: question.terms ?? {},
    objective: answer.objective,
    currency: answer.currency,
    as_of: answer.as_of,
    bundle: answer.bundle,
    request_id: answer.request_id,
  };
}

export const entryName = ({ creator }) => creator.name || creator.creator_id;
export const isSame = (one, other) =>
  one.creator.creator_id === other.creator.creator_id && productKey(one.product) === productKey(other.product);
