// turndown
import TurndownService from "turndown";
export default () => new Response(new TurndownService().turndown("<h1>a</h1><p><b>b</b> <a href=\"x\">c</a></p>"));
