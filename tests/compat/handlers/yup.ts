// yup
import * as yup from "yup";
export default async () => Response.json([await yup.object({ a: yup.number().required() }).validate({ a: "1" }), await yup.string().required().isValid("")]);
