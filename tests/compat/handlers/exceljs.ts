// exceljs
import ExcelJS from "exceljs";
export default async () => { const w = new ExcelJS.Workbook(); w.addWorksheet("s").addRow([1, "a"]); const b = await w.xlsx.writeBuffer(); const r = new ExcelJS.Workbook(); await r.xlsx.load(b); return Response.json(r.getWorksheet("s").getCell("B1").value); };
