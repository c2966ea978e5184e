// pino
import pino from "pino";
export default () => { const l = pino(); l.info({ a: 1 }, "hi"); l.child({ b: 2 }).warn("there"); return Response.json("logged"); };
