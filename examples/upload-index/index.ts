/** Counts the words of each text that is uploaded, and writes the result beside it. */
import type { Context } from "@mayfly/types";

export async function handler(_req: Request, ctx: Context): Promise<Response> {
  if (ctx.trigger.type !== "s3_upload") return new Response("this function is started by uploads", { status: 400 });
  const { bucket, key } = ctx.trigger;
  const object = await ctx.storage.get(bucket, key);
  // It may have been deleted since: nothing is left to do, and no other attempt would change that.
  if (object?.body == null) return Response.json({ missing: key });
  let words = 0;
  let within = false;
  // Piece by piece: the text may be larger than the sandbox.
  for await (const piece of object.body.pipeThrough(new TextDecoderStream())) {
    for (const letter of piece) {
      const isSpace = letter.trim() === "";
      if (!isSpace && !within) words++;
      within = !isSpace;
    }
  }
  await ctx.storage.put(bucket, `words/${key}.json`, JSON.stringify({ key, words }), { contentType: "application/json" });
  console.log(key, words);
  return Response.json({ key, words });
}
