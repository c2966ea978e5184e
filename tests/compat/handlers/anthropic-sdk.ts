// anthropic-sdk
import Anthropic from "@anthropic-ai/sdk";
export default async () => { const c = new Anthropic({ apiKey: "x", baseURL: "http://127.0.0.1:1", maxRetries: 0, dangerouslyAllowBrowser: true }); const e = await c.messages.create({ model: "m", max_tokens: 1, messages: [] }).catch((e) => e instanceof Anthropic.APIConnectionError); return Response.json(e); };
