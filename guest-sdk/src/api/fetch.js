// fetch: the request goes to the host, which decides whether it may leave.

import { collect, isStream } from "./body.js";
import { abortReason, addAbortAlgorithm, isAborted } from "./events_abort.js";
import { headerList } from "./headers.js";
import { host } from "./host.js";
import { deferred, expose, rejected, SetHas, uponPromise } from "./primordials.js";
import { outgoing, Request } from "./request.js";
import { responseFromHost } from "./response.js";
import { portOf } from "./url.js";

const REDIRECT = { __proto__: null, follow: 0, error: 1, manual: 2 };

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

function begin({ method, url, redirect, headers }, body) {
  return host.fetch(method, url, REDIRECT[redirect], headerList(headers), body);
}

/** Sends the request, and settles `answer` with what comes back, or with the signal's reason. */
function send(parts, body, answer) {
  const pending = begin(parts, body);
  const { signal } = parts;
  const forget =
    signal === null
      ? () => {}
      : addAbortAlgorithm(signal, () => {
          host.cancel(pending.operation);
          answer.reject(abortReason(signal));
        });
  uponPromise(
    pending.promise,
    (response) => {
      forget();
      answer.resolve(responseFromHost(response));
    },
    (error) => {
      forget();
      answer.reject(error);
    },
  );
}

expose("fetch", function fetch(input, init = undefined) {
  const answer = deferred();
  try {
    const parts = outgoing(new Request(input, init));
    requirePort(parts.url);
    if (parts.signal !== null && isAborted(parts.signal)) return rejected(abortReason(parts.signal));
    if (!isStream(parts.body)) send(parts, parts.body, answer);
    else collect(parts.body, (body) => send(parts, body, answer), answer.reject);
  } catch (error) {
    return rejected(error);
  }
  return answer.promise;
});
