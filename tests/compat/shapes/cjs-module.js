// CommonJS: module.exports
// expect: 200 a/b
const path = require("node:path");
module.exports = async function () {
  return new Response(path.join("a", "b"));
};
