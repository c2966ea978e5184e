// pino
import pino from "pino";
export default () => { const out = []; const l = pino({ base: null, timestamp: false }, { write: (s) => out.push(s) }); l.info({ a: 1 }, "hi"); return Response.json(out); };
