// noble-hashes
import { sha256 } from "@noble/hashes/sha2.js";
import { blake3 } from "@noble/hashes/blake3.js";
import { bytesToHex } from "@noble/hashes/utils.js";
export default () => Response.json([bytesToHex(sha256(new Uint8Array(1))), bytesToHex(blake3(new Uint8Array(1)))]);
