// tweetnacl
import nacl from "tweetnacl";
export default () => { const k = nacl.sign.keyPair.fromSeed(new Uint8Array(32)); return Response.json([Array.from(nacl.sign.detached(new Uint8Array(1), k.secretKey)).slice(0, 4), nacl.randomBytes(3).length]); };
