// cheerio
import * as cheerio from "cheerio/slim";
export default () => { const $ = cheerio.load("<ul><li class=a>1</li><li>2</li></ul>"); return Response.json([$("li.a").text(), $("li").length, $.html()]); };
