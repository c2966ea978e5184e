// ctx.storage: the app's buckets. The host answers; bodies stream both ways as those of fetch.

import { send } from "./fetch.js";
import { addHeader, Headers } from "./headers.js";
import { host } from "./host.js";
import { ArrayIsArray, deferred, JSONStringify, ObjectFreeze, ObjectKeys, StringToWellFormed, uncurry } from "./primordials.js";
import { outgoing, Request } from "./request.js";
import { Response } from "./response.js";

// The host knows requests to storage by it.
const SCHEME = "mayfly-storage:";
const encode = encodeURIComponent;
const json = uncurry(Response.prototype.json);

function text(call, name, value) {
  if (typeof value !== "string" || value === "") throw new TypeError(`${call}: ${name} is a string that is not empty`);
  return encode(StringToWellFormed(value));
}

/** Asks the host, and resolves with its response. */
function ask(call, method, path, { body = null, headers, signal }) {
  host.requireInvocation(call);
  const answer = deferred();
  const init = { __proto__: null, method, headers, signal, body, duplex: "half" };
  send(outgoing(new Request(`${SCHEME}${path}`, init)), answer);
  return answer.promise;
}

/** Asks with options as JSON, and resolves with the answer's. */
async function askJson(call, path, options) {
  return json(await ask(call, "POST", path, { __proto__: null, body: JSONStringify(options), headers: undefined, signal: undefined }));
}

const place = (call, bucket, key) => `${text(call, "bucket", bucket)}/${text(call, "key", key)}`;

function setHeader(headers, name, value) {
  if (value !== undefined && value !== null) addHeader(headers, name, `${value}`);
}

export const storage = ObjectFreeze({
  async get(bucket, key, options = undefined) {
    const call = "ctx.storage.get(bucket, key, options)";
    const { range, ifMatch, ifNoneMatch, signal } = options ?? {};
    const headers = new Headers();
    setHeader(headers, "range", range);
    setHeader(headers, "if-match", ifMatch);
    setHeader(headers, "if-none-match", ifNoneMatch);
    const response = await ask(call, "GET", `get/${place(call, bucket, key)}`, { __proto__: null, headers, signal });
    return response.status === 404 ? null : response;
  },

  async put(bucket, key, body, options = undefined) {
    const call = "ctx.storage.put(bucket, key, body, options)";
    const { contentType, metadata, ifMatch, ifNoneMatch, headers: more, signal } = options ?? {};
    const headers = new Headers(more);
    setHeader(headers, "content-type", contentType);
    setHeader(headers, "if-match", ifMatch);
    setHeader(headers, "if-none-match", ifNoneMatch);
    if (metadata !== undefined && metadata !== null) {
      for (const name of ObjectKeys(metadata)) addHeader(headers, `x-amz-meta-${name}`, `${metadata[name]}`);
    }
    const path = `put/${place(call, bucket, key)}`;
    return json(await ask(call, "PUT", path, { __proto__: null, body: body ?? "", headers, signal }));
  },

  async delete(bucket, keys) {
    const call = "ctx.storage.delete(bucket, keys)";
    const all = ArrayIsArray(keys) ? keys : [keys];
    for (let i = 0; i < all.length; i++) text(call, "each key", all[i]);
    await askJson(call, `delete/${text(call, "bucket", bucket)}`, { keys: all });
  },

  async list(bucket, options = undefined) {
    const call = "ctx.storage.list(bucket, options)";
    const { prefix, delimiter, cursor, limit } = options ?? {};
    return askJson(call, `list/${text(call, "bucket", bucket)}`, { prefix, delimiter, cursor, limit });
  },

  async presign(bucket, key, options = undefined) {
    const call = "ctx.storage.presign(bucket, key, options)";
    const { method, expiresSeconds, contentType } = options ?? {};
    const wanted = { method, expires_seconds: expiresSeconds, content_type: contentType };
    return (await askJson(call, `presign/${place(call, bucket, key)}`, wanted)).url;
  },
});
