// The error is thrown here, and its stack has to say so.
export function fail(why: string): never {
  type Unused = { a: string };
  const message: Unused["a"] = why;
  throw new Error(message);
}
