// blob: URLs, by which this invocation alone finds its blobs.

import { blobData } from "./blob.js";
import { DOMException } from "./exceptions.js";
import { host } from "./host.js";
import { URL, withoutHash } from "./url.js";
import { MapDelete, MapGet, MapSet, MapSize, ObjectDefineProperty, StringStartsWith } from "./primordials.js";

const URLS_MAX = 10_000;
const blobs = new Map();

function createObjectURL(object) {
  if (arguments.length === 0) throw new TypeError("createObjectURL needs a Blob");
  const data = blobData(object);
  if (data === undefined) throw new TypeError("createObjectURL takes a Blob");
  if (MapSize(blobs) >= URLS_MAX) {
    throw new DOMException(`An invocation has at most ${URLS_MAX} blob: URLs`, "QuotaExceededError");
  }
  const url = `blob:null/${host.randomUuid()}`;
  MapSet(blobs, url, data);
  return url;
}

function revokeObjectURL(url) {
  if (arguments.length === 0) throw new TypeError("revokeObjectURL needs a URL");
  MapDelete(blobs, `${url}`);
}

for (const value of [createObjectURL, revokeObjectURL]) {
  ObjectDefineProperty(URL, value.name, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

/** What a URL, which the parser wrote, stands for: a blob's data, or `null`. */
export function blobAt(href) {
  return href[0] === "b" && StringStartsWith(href, "blob:") ? (MapGet(blobs, withoutHash(href)) ?? null) : null;
}
