/** A webhook receiver that does its work once, however often an event is delivered. */
import type { Context } from "@mayfly/types";

interface Event {
  id: string;
  type: string;
}

export async function handler(req: Request, ctx: Context): Promise<Response> {
  const event = (await req.json()) as Partial<Event>;
  if (typeof event.id !== "string" || event.id === "") {
    return Response.json({ error: "an event has an id" }, { status: 400 });
  }
  if (!(await ctx.idempotency.claim(event.id, { scope: "orders", ttlSeconds: 7 * 24 * 3600 }))) {
    // Someone has this event already: saying so with a 2xx stops the sender from trying again.
    return new Response("duplicate");
  }
  console.log("processing", event.type, event.id);
  return new Response("processed");
}
