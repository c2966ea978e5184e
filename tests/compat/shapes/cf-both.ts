// Cloudflare: fetch beside scheduled
// expect: 200 both
export default {
  async fetch() { return new Response("both"); },
  async scheduled() {},
};
