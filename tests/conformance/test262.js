// Runs one test of Test262: its harness and its text are evaluated as one realm's scripts.

export async function handler(req) {
  const { scripts, asynchronous } = await req.json();
  let settle;
  const done = new Promise((resolve) => (settle = resolve));
  const describe = (error) => ({ name: error?.constructor?.name ?? typeof error, message: String(error) });
  globalThis.$DONE = (error) => settle(error === undefined ? null : describe(error));
  globalThis.print = () => {};
  globalThis.$262 = {
    global: globalThis,
    gc() {},
    evalScript: (text) => (0, eval)(text),
    detachArrayBuffer: (buffer) => void buffer.transfer(),
    createRealm() {
      throw new Error("there is one realm");
    },
    agent: undefined,
  };
  try {
    // As one script: later scripts see its `const` declarations.
    (0, eval)(scripts.join("\n"));
  } catch (error) {
    return Response.json(describe(error));
  }
  return Response.json(asynchronous ? await done : null);
}
