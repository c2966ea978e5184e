/** A small REST API over one table: list, read, write and delete notes. */
import type { Context } from "@mayfly/types";

interface Note {
  id: number;
  body: string;
  created_at: Date;
}

export async function handler(req: Request, ctx: Context): Promise<Response> {
  const id = new URL(req.url).pathname.match(/\/notes-api\/(\d+)$/)?.[1];
  switch (req.method) {
    case "GET":
      return id === undefined ? list(ctx) : read(ctx, id);
    case "POST":
      return write(ctx, await req.json());
    case "DELETE":
      return id === undefined ? problem(400, "give the note's id: DELETE /notes-api/1") : remove(ctx, id);
    default:
      return problem(405, `${req.method} is not supported`);
  }
}

async function list({ db }: Context): Promise<Response> {
  const { rows } = await db.query<Note>("SELECT id, body, created_at FROM notes ORDER BY id DESC LIMIT 100");
  return Response.json({ notes: rows });
}

async function read({ db }: Context, id: string): Promise<Response> {
  const { rows } = await db.query<Note>("SELECT id, body, created_at FROM notes WHERE id = $1", [id]);
  return rows[0] === undefined ? problem(404, `there is no note ${id}`) : Response.json(rows[0]);
}

async function write({ db }: Context, input: unknown): Promise<Response> {
  const body = (input as { body?: unknown } | null)?.body;
  if (typeof body !== "string" || body === "") return problem(400, "send {\"body\": \"some text\"}");
  const { rows } = await db.query<Note>("INSERT INTO notes (body) VALUES ($1) RETURNING id, body, created_at", [body]);
  return Response.json(rows[0], { status: 201 });
}

async function remove({ db }: Context, id: string): Promise<Response> {
  const { rowCount } = await db.query("DELETE FROM notes WHERE id = $1", [id]);
  return rowCount === 0 ? problem(404, `there is no note ${id}`) : new Response(null, { status: 204 });
}

function problem(status: number, message: string): Response {
  return Response.json({ error: message }, { status });
}
