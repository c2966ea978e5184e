// mongodb
import { ObjectId, BSON } from "mongodb";
export default () => Response.json([new ObjectId("507f1f77bcf86cd799439011").toHexString(), BSON.serialize({ a: 1 }).length]);
