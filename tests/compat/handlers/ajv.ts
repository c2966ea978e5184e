// ajv
import Ajv from "ajv";
export default () => { let r; try { r = new Ajv().compile({ type: "object", required: ["a"] })({}); } catch (e) { r = e.name; } return Response.json(r); };
