// archiver
import { ZipArchive } from "archiver";
export default async () => { const a = new ZipArchive(); const chunks = []; a.on("data", (c) => chunks.push(c)); const end = new Promise((r) => a.on("end", r)); a.append("hi", { name: "a.txt" }); await a.finalize(); await end; return Response.json(Buffer.concat(chunks).subarray(0, 2).toString()); };
