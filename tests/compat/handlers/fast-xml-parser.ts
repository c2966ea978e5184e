// fast-xml-parser
import { XMLParser, XMLBuilder } from "fast-xml-parser";
export default () => { const o = new XMLParser({ ignoreAttributes: false }).parse("<a b=\"1\"><c>2</c></a>"); return Response.json([o, new XMLBuilder({ ignoreAttributes: false }).build(o)]); };
