// joi
import Joi from "joi";
export default () => { const { error, value } = Joi.object({ a: Joi.number().min(2), m: Joi.string().email() }).validate({ a: "3", m: "a@b.com" }); return Response.json([value, String(error)]); };
