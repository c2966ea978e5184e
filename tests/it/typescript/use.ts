// Uses of the globals that must compile, each with its type.
import type { Context, Handler } from "@mayfly/types";

type Bytes = Uint8Array<ArrayBuffer>;

export const handler: Handler = async (req, ctx) => {
  const digest: ArrayBuffer = await crypto.subtle.digest("SHA-256", req.body!);
  const stream = new crypto.DigestStream("SHA-256");
  await req.body!.pipeTo(stream);
  const timer: number = setImmediate((n: number) => n, 1);
  clearImmediate(timer);
  ctx.waitUntil(fetch("https://example.com", { signal: ctx.signal }));
  return new Response(new Blob([digest, await stream.digest]).stream());
};

export function events(ctx: Context): void {
  const target: EventTarget = self instanceof EventTarget ? self : new EventTarget();
  target.addEventListener("news", { handleEvent: (event) => event.preventDefault() }, { once: true, signal: ctx.signal });
  const went: boolean = target.dispatchEvent(new CustomEvent("news", { detail: { n: 1 }, cancelable: true }));
  const detail: { n: number } = new CustomEvent("news", { detail: { n: 1 } }).detail;
  addEventListener("unhandledrejection", (event) => reportError(event.reason));
  addEventListener("error", (event) => console.log(event.lineno + detail.n, went));
  const either: AbortSignal = AbortSignal.any([AbortSignal.timeout(1), new AbortController().signal, AbortSignal.abort()]);
  either.addEventListener("abort", (event) => console.log(event.type, either.reason));
  onerror = (message, file, line) => message === file && line === 1;
  const name: string = new DOMException("no", "AbortError").name;
  const code: 20 = DOMException.ABORT_ERR;
  console.table([{ name, code }], ["name"]);
}

export async function streams(): Promise<void> {
  const bytes: ReadableStream<Bytes> = new ReadableStream({
    type: "bytes",
    pull(controller) {
      controller.byobRequest?.respond(1);
    },
  });
  const reader: ReadableStreamBYOBReader = bytes.getReader({ mode: "byob" });
  const { value, done } = await reader.read(new Uint8Array(4), { min: 4 });
  const filled: Bytes | undefined = value;
  const texts: ReadableStream<string> = ReadableStream.from([new Uint8Array(1)])
    .pipeThrough(new CompressionStream("gzip"))
    .pipeThrough(new DecompressionStream("gzip"))
    .pipeThrough(new TextDecoderStream("utf-16le", { fatal: true }));
  for await (const text of texts.values({ preventCancel: true })) console.log(text.length, filled, done);
  const [one, two] = new ReadableStream<number>({ start: (controller) => controller.enqueue(1) }).tee();
  const doubled: ReadableStream<string> = one.pipeThrough(
    new TransformStream<number, string>({ transform: (n, controller) => controller.enqueue(`${n * 2}`) }),
  );
  await doubled.pipeThrough(new TextEncoderStream()).pipeTo(new WritableStream({ write: (chunk) => void chunk.byteLength }));
  for await (const n of two) console.log(n.toFixed());
  const writer = new WritableStream<string>({}, new CountQueuingStrategy({ highWaterMark: 2 })).getWriter();
  await writer.ready;
  await writer.write("x");
  const size: number | null = writer.desiredSize;
  console.log(size, new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size(new Uint8Array(1)));
}

export async function bodies(req: Request): Promise<Response> {
  const form: FormData = await req.clone().formData();
  for (const [name, value] of form) if (value instanceof File) console.log(name, value.lastModified);
  const entry: File | string | null = form.get("file");
  form.append("file", new File([new Uint8Array(1), "text", new Blob()], "a.txt", { type: "text/plain" }), "b.txt");
  const json: unknown = await new Response("{}").json();
  const kept: Bytes = await new Blob(["x"]).slice(0, 1).bytes();
  const headers = new Headers([["a", "b"]]);
  for (const [name, value] of headers.entries().filter(([it]) => it !== "a")) headers.append(name, value);
  const cookies: string[] = headers.getSetCookie();
  const answer = await fetch(new Request(req, { method: "PUT", redirect: "manual" }), {
    body: ReadableStream.from(["x"]).pipeThrough(new TextEncoderStream()),
    duplex: "half",
  });
  if (!answer.ok) return Response.redirect(new URL("/login", req.url), 303);
  return Response.json({ entry, json, kept, cookies }, { status: answer.status, headers: { ...Object.fromEntries(headers) } });
}

export function addresses(): void {
  const url: URL | null = URL.parse("/a?b=c", "https://example.com");
  const value: string | null = url?.searchParams.get("b") ?? null;
  const query = new URLSearchParams({ a: "1", b: "2" });
  const pairs: [string, string][] = [...query];
  query.delete("a", "1");
  const groups = new URLPattern({ pathname: "/notes/:id" }, { ignoreCase: true }).exec("https://a/notes/1")?.pathname.groups;
  const id: string | undefined = groups?.["id"];
  console.log(value, pairs, id, URL.canParse("x"), query.size);
}

export async function keys(): Promise<void> {
  const { subtle } = crypto;
  const pair: CryptoKeyPair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const other: CryptoKeyPair = await subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const data = new TextEncoder().encode("x");
  const signature: ArrayBuffer = await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, data);
  const good: boolean = await subtle.verify("Ed25519", other.publicKey, signature, data);
  const secret: CryptoKey = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "wrapKey"]);
  const iv: Bytes = crypto.getRandomValues(new Uint8Array(12));
  await subtle.encrypt({ name: "AES-GCM", iv, additionalData: data }, secret, data);
  const jwk: JsonWebKey = await subtle.exportKey("jwk", pair.publicKey);
  const mac: CryptoKey = await subtle.importKey("raw", data, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const base: CryptoKey = await subtle.importKey("raw", data, "PBKDF2", false, ["deriveKey"]);
  const derived: CryptoKey = await subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-512", salt: iv, iterations: 1000 },
    base,
    { name: "AES-GCM", length: 256 },
    false,
    ["decrypt"],
  );
  await subtle.wrapKey("jwk", derived, secret, { name: "AES-GCM", iv });
  console.log(good, jwk.kty, mac.usages, derived.extractable, crypto.randomUUID().length);
}

export async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise<void>((resolve) => void setImmediate(resolve));
  const copy: { at: Date } = structuredClone({ at: new Date() }, { transfer: [new ArrayBuffer(1)] });
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (event: MessageEvent<string>) => console.log(event.data, event.ports.length);
  port2.addEventListener("close", () => port2.close());
  port2.postMessage("x", [port1]);
  const id: number = setInterval((a: string) => console.log(a), 10, "x");
  clearInterval(id);
  clearTimeout(setTimeout(() => {}));
  queueMicrotask(() => console.timeLog("x", atob(btoa("x"))));
  const text: string = new TextDecoder("shift_jis").decode(new Uint8Array(1), { stream: true });
  const now: number = performance.timeOrigin + performance.now();
  const mark: PerformanceMark = performance.mark("begun", { detail: { step: 1 } });
  const measure: PerformanceMeasure = performance.measure("all", { start: mark.startTime, duration: 5 });
  new PerformanceObserver((list) => list.getEntriesByName("all", "measure")[0]?.duration.toFixed()).observe({ type: "measure" });
  const url: string = URL.createObjectURL(new Blob([measure.name]));
  URL.revokeObjectURL(url);
  console.log(copy.at.getTime(), text, now, navigator.userAgent, new Intl.Segmenter("de").segment("x"));
}
