import { NIL, v4, v5, v7, validate, version } from "uuid";

export default (): Response =>
  Response.json([
    v5("example.org", v5.DNS),
    version(v4()),
    version(v7()),
    v4() !== v4(),
    validate(NIL),
  ]);
