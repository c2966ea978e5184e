// graphql-yoga
import { createYoga, createSchema } from "graphql-yoga";
const yoga = createYoga({ schema: createSchema({ typeDefs: "type Query { a: String }", resolvers: { Query: { a: () => "b" } } }), logging: false });
export default async () => yoga.fetch("http://x/graphql", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query: "{ a }" }) });
