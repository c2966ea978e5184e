/** What CommonJS packages do: they ask for Node's modules by `require`, look for `process`, and call what they get. */
import legacy from "./legacy.cjs";

export default (): Response => Response.json(legacy("abc"));
