// sanitize-html
import sanitizeHtml from "sanitize-html";
export default () => new Response(sanitizeHtml("<b onclick=1>x</b><script>1</script><a href=\"javascript:1\" style=\"color:red\">y</a>"));
