// What of the packages the sandbox has.
exports.stream = require("readable-stream/lib/stream.js");
exports.punycode = require("punycode/");
