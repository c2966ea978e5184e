/** A webhook of GitHub: its signature is checked before this runs, and a delivery that comes again is not run again. */
import type { Context } from "@mayfly/types";

interface Push {
  ref: string;
  commits: { message: string }[];
  repository: { full_name: string };
}

export async function handler(req: Request, ctx: Context): Promise<Response> {
  const event = req.headers.get("x-github-event");
  if (event !== "push") {
    // A status below 400 says that it is done: nothing delivers it again.
    return Response.json({ ignored: event });
  }
  const { ref, commits, repository } = (await req.json()) as Push;
  const delivery = ctx.trigger.type === "webhook" ? ctx.trigger.providerId : null;
  console.log("push to", repository.full_name, ref, delivery);
  return Response.json({ repository: repository.full_name, ref, commits: commits.map((commit) => commit.message) });
}
