// graphql
import { graphql, buildSchema } from "graphql";
export default async () => Response.json(await graphql({ schema: buildSchema("type Query { a(x: Int): String }"), source: "{ a(x: 2) }", rootValue: { a: ({ x }) => `v${x}` } }));
