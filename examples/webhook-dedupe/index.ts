/** An idempotent webhook receiver: the work runs once, even if an event is delivered again. */
import type { Context } from "@mayfly/types";

interface Event {
  id: string;
  type: string;
}

export async function handler(req: Request, ctx: Context): Promise<Response> {
  const event = (await req.json()) as Partial<Event>;
  if (typeof event.id !== "string" || event.id === "") {
    return Response.json({ error: "the event has no id" }, { status: 400 });
  }
  if (!(await ctx.idempotency.claim(event.id, { scope: "orders", ttlSeconds: 7 * 24 * 3600 }))) {
    // Another invocation has this event already: a 2xx stops the sender from retrying.
    return new Response("duplicate");
  }
  console.log("processing", event.type, event.id);
  return new Response("processed");
}
