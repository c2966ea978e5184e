/** What only a bundler knows: JSX, texts, decorators, `npm:`, an import map, files that are asked for and not there. */
/** @jsx h */
import query from "./query.sql";
import note from "./note.weird" with { type: "text" };
import { v5 } from "npm:uuid@9";
import * as z from "schema";
import { readFile } from "node:fs/promises";

const h = (name: string, props: Record<string, string> | null, ...children: string[]): string =>
  `<${name}${Object.entries(props ?? {}).map(([key, value]) => ` ${key}="${value}"`)}>${children.join("")}</${name}>`;

const seen: string[] = [];
const logged = (_: unknown, context: { name: string | symbol }): void => {
  seen.push(String(context.name));
};

class Service {
  @logged
  find(): string {
    return "found";
  }
}

export default async (): Promise<Response> => {
  const refused = await (async () => readFile("/x"))().catch((error: Error) => error.message);
  return Response.json([
    <b id="a">x</b>,
    query.trim(),
    note.trim(),
    v5("example.org", v5.DNS),
    z.string().safeParse("a").success,
    new Service().find(),
    seen,
    refused,
  ]);
};
