import { CompactEncrypt, compactDecrypt, createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";

export default async (): Promise<Response> => {
  const verified: unknown[] = [];
  for (const alg of ["ES256", "EdDSA", "PS256"]) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: alg, alg }] });
    const token = await new SignJWT({ role: "editor" })
      .setProtectedHeader({ alg, kid: alg })
      .setSubject("ann")
      .setExpirationTime("5m")
      .sign(privateKey);
    const { payload, protectedHeader } = await jwtVerify(token, keys);
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    const refused = await jwtVerify(forged, keys).catch((error: { code: string }) => error.code);
    verified.push([protectedHeader.alg, payload.sub, refused]);
  }
  const key = new Uint8Array(32).fill(7);
  const sealed = await new CompactEncrypt(new TextEncoder().encode("secret"))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(key);
  const { plaintext } = await compactDecrypt(sealed, key);
  return Response.json([...verified, new TextDecoder().decode(plaintext)]);
};
