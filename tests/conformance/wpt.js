// Runs one file of the Web Platform Tests: its scripts are evaluated one after another as a page's would be, after
// testharness.js, and what that collects is the answer.

const TIME_LIMIT_MS = 20000;

function standIn(url) {
  const location = new URL(url);
  globalThis.location = location;
  globalThis.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false };
  const resolve = (input) => (typeof input === "string" || input instanceof URL ? new URL(input, location).href : input);
  // A server has no base URL; the tests have one.
  const NativeRequest = Request;
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

export async function handler(req) {
  const { harness, scripts, url } = await req.json();
  standIn(url);
  const evaluate = (script) => (0, eval)(`${script.text}\n//# sourceURL=${script.name}`);
  evaluate(harness);
  const tests = [];
  const finished = new Promise((resolve) => {
    add_result_callback((test) => tests.push({ name: test.name, status: test.status, message: test.message }));
    add_completion_callback((_, status) => resolve({ status: status.status, message: status.message }));
  });
  let status;
  try {
    for (const script of scripts) evaluate(script);
  } catch (error) {
    status = { status: 1, message: `${error}\n${error?.stack}` };
  }
  const late = new Promise((resolve) => setTimeout(() => resolve({ status: 2, message: "timed out" }), TIME_LIMIT_MS));
  status ??= await Promise.race([finished, late]);
  const body = JSON.stringify({ tests, status });
  return new Response(body);
}
