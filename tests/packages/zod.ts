import { z } from "zod";

const User = z.object({
  email: z.email(),
  age: z.coerce.number().int().positive(),
  role: z.enum(["admin", "user"]).default("user"),
  born: z.iso.date().transform((text) => new Date(text).getUTCFullYear()),
});

export default (): Response => {
  const good = User.parse({ email: "a@b.co", age: "7", born: "2001-02-03" });
  const bad = User.safeParse({ email: "nope", age: -1, born: "x" });
  return Response.json([good, bad.error?.issues.map((issue) => issue.path[0])]);
};
