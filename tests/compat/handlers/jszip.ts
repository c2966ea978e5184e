// jszip
import JSZip from "jszip";
export default async () => { const z = new JSZip(); z.file("a.txt", "hi"); const b = await z.generateAsync({ type: "uint8array" }); return Response.json(await (await JSZip.loadAsync(b)).file("a.txt").async("string")); };
