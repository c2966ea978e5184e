// jsonwebtoken
import jwt from "jsonwebtoken";
export default () => { const t = jwt.sign({ a: 1, iat: 1 }, "secret"); return Response.json([t, jwt.verify(t, "secret").a]); };
