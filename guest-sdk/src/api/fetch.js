// fetch: the request goes to the host, which decides whether it may leave.

import { takeBody } from "./body.js";
import { headerList } from "./headers.js";
import { host } from "./host.js";
import { expose, PromiseConstructor, PromiseThen, rejected } from "./primordials.js";
import { Request } from "./request.js";
import { responseFromHost } from "./response.js";

const REDIRECT = { __proto__: null, follow: 0, error: 1, manual: 2 };

expose("fetch", function fetch(input, init) {
  let request;
  let signal;
  let pending;
  try {
    request = new Request(input, init);
    signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    signal?.throwIfAborted();
    pending = host.fetch(
      request.method,
      request.url,
      REDIRECT[request.redirect],
      headerList(request.headers),
      takeBody(request),
    );
  } catch (error) {
    return rejected(error);
  }
  if (signal === undefined || signal === null) return PromiseThen(pending.promise, responseFromHost);
  return new PromiseConstructor((resolve, reject) => {
    const onAbort = () => {
      host.cancel(pending.operation);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const settled = () => signal.removeEventListener("abort", onAbort);
    PromiseThen(
      pending.promise,
      (parts) => {
        settled();
        resolve(responseFromHost(parts));
      },
      (error) => {
        settled();
        reject(error);
      },
    );
  });
});
