// elliptic
import elliptic from "elliptic";
export default () => Response.json(new elliptic.ec("secp256k1").keyFromPrivate("01".repeat(32), "hex").getPublic("hex"));
