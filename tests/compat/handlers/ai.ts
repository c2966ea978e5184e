// ai
import { tool, jsonSchema, generateId } from "ai";
export default () => Response.json([typeof tool, typeof jsonSchema({ type: "object" }), typeof generateId()]);
