// pdf-lib
import { PDFDocument } from "pdf-lib";
export default async () => { const d = await PDFDocument.create(); d.addPage().drawText("hi"); const b = await d.save(); return Response.json([Buffer.from(b.slice(0, 5)).toString(), (await PDFDocument.load(b)).getPageCount()]); };
