// Cloudflare: a cron handler alone
// expect: refused name it 'fetch'
export default {
  async scheduled(event: unknown, env: unknown, ctx: unknown) { console.log("cron"); },
};
