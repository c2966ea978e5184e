/** ajv makes code of schemas, which runs where eval does. */
import Ajv from "ajv";

const ajv = new Ajv({ allErrors: true });
const schema = {
  type: "object",
  properties: { name: { type: "string", minLength: 2 }, age: { type: "integer", minimum: 0 } },
  required: ["name"],
  additionalProperties: false,
};

export default async function handler(): Promise<Response> {
  const validate = ajv.compile(schema);
  const good = validate({ name: "Ann", age: 3 });
  const bad = validate({ name: "A", age: -1, more: 1 });
  return Response.json([good, bad, validate.errors?.map((error) => error.keyword).sort()]);
}
