// fetch: the request goes to the host, whose egress rules decide whether it may leave.

import { isStream } from "./body.js";
import { cancelled, networkError, pump } from "./body_stream.js";
import { abortReason, addAbortAlgorithm, isAborted } from "./events_abort.js";
import { headerList } from "./headers.js";
import { host } from "./host.js";
import { deferred, exposeFunction, rejected, SetHas, StringStartsWith, uponPromise } from "./primordials.js";
import { outgoing, Request } from "./request.js";
import { blobResponse, dataResponse, responseFromHost } from "./response.js";
import { errorBytes } from "./streams_bytes.js";
import { READABLE } from "./streams_readable_core.js";
import { portOf } from "./url.js";

const REDIRECT = { __proto__: null, follow: 0, error: 1, manual: 2 };
// How a body of a fetch ends, by the host's numbers.
const UNWANTED = 0;
const COMPLETE = 1;
const BROKEN = 2;

// Ports of other protocols, which HTTP could be made to speak.
const REFUSED_PORTS = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540,
  548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566,
  6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

function requirePort(url) {
  const port = portOf(url);
  if (port !== "" && SetHas(REFUSED_PORTS, +port)) throw new TypeError(`fetch does not speak to port ${port}`);
}

/** Sends a request to the host, and settles `answer` with what comes back, or with the signal's reason. */
export function send({ method, url, redirect, headers, signal, body }, answer) {
  const upload = isStream(body) ? body : null;
  const { operation, promise } = host.fetch(method, url, REDIRECT[redirect], headerList(headers), upload === null ? body : true);
  let download = null;
  const abort = () => {
    const reason = abortReason(signal);
    host.cancel(operation);
    answer.reject(reason);
    if (download !== null && download.state === READABLE) {
      host.fetchEnd(operation, UNWANTED);
      errorBytes(download.controller, reason);
    }
  };
  const forget = signal === null ? () => {} : addAbortAlgorithm(signal, abort);
  if (upload !== null) sendBody(upload, operation, answer);
  uponPromise(
    promise,
    (parts) => {
      const { response, stream } = responseFromHost(method, parts, operation);
      download = stream;
      if (stream === null) forget();
      answer.resolve(response);
    },
    (error) => {
      forget();
      answer.reject(networkError(error));
    },
  );
}

/** The response of a `data:` URL, which needs no request. */
function ofData({ method, url }) {
  const data = host.dataUrl(url);
  if (data === null || data === undefined) throw new TypeError("The data: URL cannot be read");
  return dataResponse(url, method, data);
}

/** The response of a blob: URL, which is of this invocation. */
function ofBlob({ method, url, blob }) {
  if (blob === null || method !== "GET") throw new TypeError("The blob: URL cannot be read");
  return blobResponse(url, blob);
}

/** The answer to a request whose signal has fired before it could be sent. */
function abandoned({ signal, body }) {
  const reason = abortReason(signal);
  if (isStream(body)) cancelled(body, reason);
  return rejected(reason);
}

function sendBody(stream, operation, answer) {
  pump(stream, (bytes, start, callback) => host.fetchWrite(operation, bytes, start, callback), {
    __proto__: null,
    done: () => host.fetchEnd(operation, COMPLETE),
    failed(error) {
      host.fetchEnd(operation, BROKEN);
      host.cancel(operation);
      answer.reject(error);
    },
    // A server that has answered already does not want the rest.
    gone() {},
  });
}

exposeFunction({
  fetch(input, init = undefined) {
    const answer = deferred();
    try {
      const parts = outgoing(new Request(input, init));
      requirePort(parts.url);
      if (parts.signal !== null && isAborted(parts.signal)) return abandoned(parts);
      if (parts.cache === "only-if-cached") throw new TypeError("fetch keeps no cache: with 'only-if-cached' there is no response");
      if (StringStartsWith(parts.url, "data:")) answer.resolve(ofData(parts));
      else if (StringStartsWith(parts.url, "blob:")) answer.resolve(ofBlob(parts));
      else send(parts, answer);
    } catch (error) {
      return rejected(error);
    }
    return answer.promise;
  },
});
