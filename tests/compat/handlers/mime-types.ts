// mime-types
import mime from "mime-types";
export default () => Response.json([mime.lookup("a.json"), mime.extension("text/html"), mime.contentType("x.md")]);
