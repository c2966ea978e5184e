import { customAlphabet, nanoid } from "nanoid";

export default (): Response => {
  const digits = customAlphabet("0123456789", 12);
  const many = new Set(Array.from({ length: 100 }, () => nanoid()));
  return Response.json([many.size, nanoid().length, /^[0-9]{12}$/.test(digits())]);
};
