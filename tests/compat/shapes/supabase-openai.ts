// Supabase: OpenAI by npm:
// expect: 200 failed
import OpenAI from "npm:openai@4";
Deno.serve(async () => {
  const openai = new OpenAI({ apiKey: Deno.env.get("OPENAI_API_KEY") ?? "x", baseURL: "http://127.0.0.1:1", maxRetries: 0 });
  try {
    const completion = await openai.chat.completions.create({ messages: [], model: "gpt-4o-mini", stream: false });
    return new Response(completion.choices[0].message.content);
  } catch {
    return new Response("failed");
  }
});
