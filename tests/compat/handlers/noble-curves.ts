// noble-curves
import { secp256k1 } from "@noble/curves/secp256k1.js";
export default () => Response.json(secp256k1.getPublicKey(new Uint8Array(32).fill(1)).length);
