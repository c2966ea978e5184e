/** `process.env` has the function's variables, once an invocation runs. */
const early = process.env.GREETING;
export default () => Response.json([early, process.env.GREETING, "GREETING" in process.env, process.env.NODE_ENV]);
