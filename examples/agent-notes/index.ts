/** Notes of end users, as a tool of agents: it finds those of the user whose agent asks. */
import type { Context } from "@mayfly/types";

export async function handler(req: Request, ctx: Context): Promise<Response> {
  const { text } = (await req.json()) as { text: string };
  const { rows } = await ctx.db.query<{ id: number; body: string }>(
    "SELECT id, body FROM agent_notes WHERE body ILIKE '%' || $1 || '%' ORDER BY id LIMIT 20",
    [text],
  );
  return Response.json({ notes: rows });
}
