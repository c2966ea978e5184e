// What the servers of the ways have in common: works as handlers, `tools`, and Node's HTTP server.
import { readFileSync } from "node:fs";

const file = JSON.parse(readFileSync(process.argv[2], "utf8"));

/** The port to listen at. */
export const port = Number(process.argv[3]);

/** The works: `{name, source}`. */
export const works = file.works;

/** The settings of PostgreSQL, or null. */
export const database = file.database;

/** The sources as functions of this isolate. */
export function handlers() {
  const made = works.map(({ name, source }) => [name, new Function(`${source}\nreturn handler;`)()]);
  return Object.fromEntries(made);
}

/** `tools` by pg, with a pool of 16. */
export async function tools() {
  if (!database) return {};
  const { default: pg } = await import("pg");
  const { socket, port, user, database: name, statement } = database;
  const pool = new pg.Pool({ host: socket, port, user, database: name, max: 16 });
  return { select: async (id) => (await pool.query({ name: "one", text: statement, values: [id] })).rows[0] };
}

/** `tools` by postgres.js, with a pool of 16. */
export async function postgresTools() {
  if (!database) return {};
  const { default: postgres } = await import("postgres");
  const { socket, port, user, database: name } = database;
  const sql = postgres({ path: `${socket}/.s.PGSQL.${port}`, host: socket, port, user, database: name, max: 16 });
  return { select: async (id) => (await sql`SELECT id, name FROM items WHERE id = ${id}`)[0] };
}

/** Serves `answer(name, text)` by Node's HTTP server. */
export async function serve(answer) {
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      let status = 200;
      let body;
      try {
        body = Buffer.from(await answer(request.url.slice(1), Buffer.concat(parts).toString()));
      } catch (error) {
        status = 500;
        body = Buffer.from(String(error?.stack ?? error));
      }
      response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
      response.end(body);
    });
  });
  server.listen(port, "127.0.0.1");
}

/** Keeps a tenant's state by its name, made on its first request. */
export function keeper(make) {
  const kept = new Map();
  return async (name) => {
    if (!kept.has(name)) kept.set(name, await make());
    return kept.get(name);
  };
}
