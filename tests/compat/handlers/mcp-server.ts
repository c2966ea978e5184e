// mcp-server
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
export default async () => { const s = new McpServer({ name: "a", version: "1" }); s.registerTool("t", { description: "d" }, async () => ({ content: [{ type: "text", text: "x" }] })); const [a, b] = InMemoryTransport.createLinkedPair(); const c = new Client({ name: "c", version: "1" }); await Promise.all([s.connect(a), c.connect(b)]); return Response.json((await c.callTool({ name: "t", arguments: {} })).content); };
