import { readFile } from "node:fs/promises";
export default async () => new Response(await readFile("/etc/passwd"));
