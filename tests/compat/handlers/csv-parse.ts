// csv-parse
import { parse } from "csv-parse/sync";
export default () => Response.json(parse("a,b\n1,\"x\"\"y\"\n", { columns: true }));
