// eventemitter3
import E from "eventemitter3";
export default () => { const e = new E(); let x; e.once("a", (v) => { x = v; }); e.emit("a", 1); e.emit("a", 2); return Response.json(x); };
