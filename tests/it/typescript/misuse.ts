// What a function cannot do: there is no such thing in the sandbox, or it is not used like that.
import type { Context, Handler } from "@mayfly/types";

export function absent(): unknown[] {
  return [
    // @ts-expect-error There is no window.
    window,
    // @ts-expect-error There is no page.
    document,
    // @ts-expect-error There is no address of a page.
    location,
    // @ts-expect-error There is no storage.
    localStorage,
    // @ts-expect-error There is no storage.
    sessionStorage,
    // @ts-expect-error There is no storage.
    indexedDB,
    // @ts-expect-error There is no storage.
    caches,
    // @ts-expect-error There is fetch.
    XMLHttpRequest,
    // @ts-expect-error There are no sockets.
    WebSocket,
    // @ts-expect-error There are no threads.
    Worker,
    // @ts-expect-error There is no WebAssembly.
    WebAssembly,
    // @ts-expect-error There is nobody to tell.
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

// @ts-expect-error A text is no response.
export const text: Handler = () => "hello";
// @ts-expect-error There is no third argument.
export const third: Handler = (_req, _ctx, more: string) => new Response(more);

export function wrong(ctx: Context): void {
  // @ts-expect-error Only bytes are hashed.
  void crypto.subtle.digest("SHA-256", ["text"]);
  // @ts-expect-error A digest has an algorithm.
  new crypto.DigestStream();
  // @ts-expect-error What is waited for is a promise.
  ctx.waitUntil(1);
  // @ts-expect-error The caller's kind is one of a few.
  ctx.caller.type === "robot";
  // @ts-expect-error Nobody writes to the context.
  ctx.user = null;
  // @ts-expect-error Work that is done once gets a key.
  void ctx.idempotency.run(async () => 1);
  // @ts-expect-error Arguments are those of the callback.
  setImmediate((n: number) => n, "one");
  // @ts-expect-error A timer runs a function, not a text.
  setTimeout("code()", 1);
  // @ts-expect-error A format of compression is one of three.
  new CompressionStream("br");
  // @ts-expect-error A number is no body.
  new Response(1);
  // @ts-expect-error A redirect is followed, refused or shown.
  void fetch("https://example.com", { redirect: "maybe" });
  // @ts-expect-error A header's value is a text.
  new Headers({ a: 1 });
  // @ts-expect-error A request has a URL.
  new Request();
  // @ts-expect-error Nobody changes a request.
  new Request("https://example.com").method = "PUT";
  // @ts-expect-error There may be no such parameter.
  new URL("https://example.com").searchParams.get("a").length;
  // @ts-expect-error A stream of texts has no numbers.
  new WritableStream<string>().getWriter().write(1);
  // @ts-expect-error Only what can be moved is moved.
  structuredClone(1, { transfer: [{}] });
  // @ts-expect-error Keys are for known uses.
  void crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["hope"]);
  // @ts-expect-error A signal is fired by its controller.
  new AbortController().signal.abort();
}
