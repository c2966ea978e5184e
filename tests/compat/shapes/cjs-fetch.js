// CommonJS: module.exports with fetch
// expect: 200 fetch
module.exports = { fetch: async () => new Response("fetch") };
