// bytes
import bytes from "bytes";
export default () => Response.json([bytes("1KB"), bytes(2048)]);
