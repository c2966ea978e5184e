// showdown
import showdown from "showdown";
export default () => new Response(new showdown.Converter().makeHtml("# a\n\n*b*"));
