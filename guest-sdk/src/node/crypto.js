// node:crypto, beside what its other files have.

import { ReflectApply } from "../api/primordials.js";

const { crypto } = globalThis;

export const webcrypto = crypto;
export const subtle = crypto.subtle;
const fill = crypto.getRandomValues;

export function getRandomValues(array) {
  return ReflectApply(fill, crypto, [array]);
}

