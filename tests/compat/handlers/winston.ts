// winston
import winston from "winston";
import { Writable } from "node:stream";
export default async () => { const out = []; const stream = new Writable({ write(c, e, d) { out.push(String(c)); d(); } }); const l = winston.createLogger({ transports: [new winston.transports.Stream({ stream })] }); l.info("hi"); await new Promise((r) => setTimeout(r, 20)); return Response.json(out); };
