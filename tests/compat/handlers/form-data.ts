// form-data
import FormData from "form-data";
export default async () => { const f = new FormData(); f.setBoundary("b"); f.append("a", "1"); f.append("f", Buffer.from("x"), "x.txt"); return new Response(f.getBuffer ? f.getBuffer().toString() : "native"); };
