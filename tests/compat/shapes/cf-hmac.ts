// Cloudflare: a signature is checked in constant time
// expect: 200 true
export default {
  async fetch() {
    const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("secret"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode("data"));
    return new Response(String((crypto.subtle as any).timingSafeEqual(mac, mac)));
  },
};
