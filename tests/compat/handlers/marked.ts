// marked
import { marked } from "marked";
export default () => new Response(marked("# a\n\n- *b*\n- `c`\n\n|x|y|\n|-|-|\n|1|2|"));
