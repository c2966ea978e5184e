// papaparse
import Papa from "papaparse";
export default () => Response.json(Papa.parse("a,b\n1,2", { header: true, dynamicTyping: true }).data);
