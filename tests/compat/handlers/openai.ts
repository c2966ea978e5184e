// openai
import OpenAI from "openai";
export default async () => { const c = new OpenAI({ apiKey: "x", baseURL: "http://127.0.0.1:1", maxRetries: 0, dangerouslyAllowBrowser: true }); const e = await c.models.list().catch((e) => e instanceof OpenAI.APIConnectionError); return Response.json([e, typeof c.chat.completions.create]); };
