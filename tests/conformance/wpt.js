// Runs one file of the Web Platform Tests: its scripts are evaluated one after another as a page's would be, after
// testharness.js, whose results are the response.

const TIME_LIMIT_MS = 20000;
const { stringify } = JSON;
const NativeResponse = Response;

function standIn(url) {
  const { href, origin, protocol, host, hostname, port, pathname, search, hash } = new URL(url);
  const location = { href, origin, protocol, host, hostname, port, pathname, search, hash, toString: () => href };
  globalThis.location = location;
  // A server has no base URL; the tests have one.
  const NativeRequest = Request;
  globalThis.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false };
  const resolve = (input) => (input instanceof NativeRequest ? input : new URL(`${input}`, href).href);
  globalThis.Request = new Proxy(NativeRequest, {
    construct: (target, [input, ...rest], newTarget) => Reflect.construct(target, [resolve(input), ...rest], newTarget),
  });
  const nativeRedirect = Response.redirect;
  Response.redirect = function redirect(target, ...rest) {
    return nativeRedirect.call(Response, resolve(`${target}`), ...rest);
  };
  const nativeFetch = fetch;
  globalThis.fetch = function fetch(input, init) {
    try {
      return nativeFetch(resolve(input), init);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

// The helper by which tests of Blob read blobs; it is not part of the platform.
class FileReader extends EventTarget {
  result = null;
  #read(promise) {
    promise.then((result) => {
      this.result = result;
      for (const type of ["load", "loadend"]) {
        const event = new Event(type);
        this[`on${type}`]?.(event);
        this.dispatchEvent(event);
      }
    });
  }
  readAsText(blob) {
    this.#read(blob.text());
  }
  readAsArrayBuffer(blob) {
    this.#read(blob.arrayBuffer());
  }
}

export async function handler(req) {
  const { harness, scripts, url } = await req.json();
  standIn(url);
  const evaluate = (script) => (0, eval)(`${script.text}\n//# sourceURL=${script.name}`);
  globalThis.FileReader = FileReader;
  evaluate(harness);
  // Only now: the harness itself must not wait for messages of a worker's page.
  globalThis.DedicatedWorkerGlobalScope = class {
    static [Symbol.hasInstance](value) {
      return value === globalThis;
    }
  };
  const tests = [];
  const finished = new Promise((resolve) => {
    add_result_callback((test) => tests.push({ name: test.name, status: test.status, message: test.message }));
    add_completion_callback((_, status) => resolve({ status: status.status, message: status.message }));
  });
  let status;
  try {
    // As one script: later scripts see its `const` declarations, as in a page.
    evaluate({ name: "test", text: scripts.map((script) => script.text).join("\n;") });
  } catch (error) {
    status = { status: 1, message: `${error}\n${error?.stack}` };
  }
  const late = new Promise((resolve) => setTimeout(() => resolve({ status: 2, message: "timed out" }), TIME_LIMIT_MS));
  status ??= await Promise.race([finished, late]);
  const body = stringify({ tests, status }, (_, value) => (typeof value === "string" ? value.toWellFormed() : value));
  return new NativeResponse(body);
}
