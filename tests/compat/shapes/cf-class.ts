// Cloudflare: a class of an entrypoint
// expect: refused the default export is a class
export default class Worker {
  async fetch() { return new Response("x"); }
}
