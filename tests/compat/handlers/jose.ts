// jose
import { SignJWT, jwtVerify } from "jose";
export default async () => { const k = new TextEncoder().encode("x".repeat(32)); const t = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: "HS256" }).sign(k); return Response.json([t, (await jwtVerify(t, k)).payload]); };
