import { fail } from "./lib/fail.ts";

export default (): Response => {
  fail("in the second file");
  return new Response();
};
