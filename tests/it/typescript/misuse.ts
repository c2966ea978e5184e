// Code that must not compile: globals that the sandbox lacks, and wrong uses of those that it has.
import type { Context, Handler } from "@mayfly/types";

export function absent(): unknown[] {
  return [
    // @ts-expect-error There is no window.
    window,
    // @ts-expect-error There is no page.
    document,
    // @ts-expect-error There is no location.
    location,
    // @ts-expect-error There is no storage.
    localStorage,
    // @ts-expect-error There is no storage.
    sessionStorage,
    // @ts-expect-error There is no storage.
    indexedDB,
    // @ts-expect-error There is fetch.
    XMLHttpRequest,
    // @ts-expect-error There are no threads.
    Worker,
    // @ts-expect-error There is no WebAssembly.
    WebAssembly,
    // @ts-expect-error There are no dialogs.
    alert,
    // @ts-expect-error There is no screen.
    requestAnimationFrame,
    // @ts-expect-error There is no process.
    process,
    // @ts-expect-error There is no Deno.
    Deno,
    // @ts-expect-error Modules are imported.
    require,
    // @ts-expect-error The global object has no window either.
    globalThis.window,
    // @ts-expect-error A navigator without a browser.
    navigator.language,
  ];
}

// @ts-expect-error There are no elements.
export type Element = HTMLElement;

// @ts-expect-error A string is not a response.
export const text: Handler = () => "hello";
// @ts-expect-error There is no third argument.
export const third: Handler = (_req, _ctx, more: string) => new Response(more);

export function wrong(ctx: Context): void {
  // @ts-expect-error Only bytes are hashed.
  void crypto.subtle.digest("SHA-256", ["text"]);
  // @ts-expect-error A digest has an algorithm.
  new crypto.DigestStream();
  // @ts-expect-error waitUntil takes a promise.
  ctx.waitUntil(1);
  // @ts-expect-error The caller's type is a union.
  ctx.caller.type === "robot";
  // @ts-expect-error The context is read-only.
  ctx.user = null;
  // @ts-expect-error Idempotent work needs a key.
  void ctx.idempotency.run(async () => 1);
  // @ts-expect-error The arguments must match the callback's.
  setImmediate((n: number) => n, "one");
  // @ts-expect-error A timer runs a function, not a text.
  setTimeout("code()", 1);
  // @ts-expect-error There are three compression formats.
  new CompressionStream("br");
  // @ts-expect-error A number is not a body.
  new Response(1);
  // @ts-expect-error The redirect mode is one of three.
  void fetch("https://example.com", { redirect: "maybe" });
  // @ts-expect-error A header's value is a text.
  new Headers({ a: 1 });
  // @ts-expect-error A request has a URL.
  new Request();
  // @ts-expect-error A request is read-only.
  new Request("https://example.com").method = "PUT";
  // @ts-expect-error The parameter may be null.
  new URL("https://example.com").searchParams.get("a").length;
  // @ts-expect-error A stream of texts has no numbers.
  new WritableStream<string>().getWriter().write(1);
  // @ts-expect-error Only transferable objects can be transferred.
  structuredClone(1, { transfer: [{}] });
  // @ts-expect-error A key's usage must be known.
  void crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["hope"]);
  // @ts-expect-error A signal is aborted by its controller.
  new AbortController().signal.abort();
}
