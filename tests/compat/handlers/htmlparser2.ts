// htmlparser2
import { parseDocument, DomUtils } from "htmlparser2";
export default () => Response.json(DomUtils.textContent(parseDocument("<p>a<b>c</b></p>")));
