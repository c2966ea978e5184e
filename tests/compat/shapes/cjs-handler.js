// CommonJS: exports.handler
// expect: 200 {"ok":true}
const os = require("os");
exports.handler = async (req) => Response.json({ ok: os.platform() === "linux" });
