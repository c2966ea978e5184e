// iconv-lite
import iconv from "iconv-lite";
export default () => Response.json([iconv.decode(Buffer.from([0xe9, 0x80]), "win1252"), iconv.encode("é", "utf16le").length]);
