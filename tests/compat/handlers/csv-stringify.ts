// csv-stringify
import { stringify } from "csv-stringify/sync";
export default () => new Response(stringify([[1, "a,b"], [2, null]]));
