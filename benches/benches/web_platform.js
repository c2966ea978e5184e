// The operations for both engines: each entry makes its data once, and returns a function that runs the operation once.
const MEGABYTE = 1 << 20;
const bytes = () => {
  const data = new Uint8Array(MEGABYTE);
  for (let at = 0; at < MEGABYTE; at += 65536) crypto.getRandomValues(data.subarray(at, at + 65536));
  return data;
};
const words = () => "the quick brown fox jumps over the lazy dog, ".repeat(MEGABYTE / 45 + 1).slice(0, MEGABYTE);
const latin1 = () => String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i)).repeat(MEGABYTE / 256);
const key = (algorithm, usages) => crypto.subtle.importKey("raw", new Uint8Array(32), algorithm, false, usages);

const WORKS = {
  "SHA-256 of 1 MB": async () => {
    const data = bytes();
    return () => crypto.subtle.digest("SHA-256", data);
  },
  "HMAC of 1 MB": async () => {
    const data = bytes();
    const hmac = await key({ name: "HMAC", hash: "SHA-256" }, ["sign"]);
    return () => crypto.subtle.sign("HMAC", hmac, data);
  },
  "AES-GCM of 1 MB": async () => {
    const data = bytes();
    const aes = await key("AES-GCM", ["encrypt"]);
    return () => crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, aes, data);
  },
  "gzip of 1 MB": async () => {
    const data = new TextEncoder().encode(words());
    return async () => {
      const stream = new CompressionStream("gzip");
      const writer = stream.writable.getWriter();
      writer.write(data);
      writer.close();
      const reader = stream.readable.getReader();
      while (!(await reader.read()).done);
    };
  },
  "btoa of 1 MB": async () => {
    const data = latin1();
    return () => btoa(data);
  },
  "atob of 1 MB": async () => {
    const data = btoa(latin1());
    return () => atob(data);
  },
  "TextEncoder of 1 MB": async () => {
    const data = words();
    const encoder = new TextEncoder();
    return () => encoder.encode(data);
  },
  "JSON of 200 KB, parse and stringify": async () => {
    const rows = Array.from({ length: 2000 }, (_, i) => ({ id: i, name: `user ${i}`, tags: ["a", "b"], at: 1.5 * i, ok: true }));
    const text = JSON.stringify({ rows });
    return () => JSON.stringify(JSON.parse(text));
  },
  "1,000 URLs parsed": async () => {
    const urls = Array.from({ length: 1000 }, (_, i) => `https://user.example.com:8443/a/${i}/../b?q=${i}&r=%20#f${i}`);
    return () => {
      for (const url of urls) new URL(url);
    };
  },
};
