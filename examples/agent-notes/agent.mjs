// An agent's calls: `node agent.mjs URL APP KEY`. With an end user's token in the place of the key, it sees that user's notes.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [url, app, key] = process.argv.slice(2);
const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp/${app}`), {
  requestInit: { headers: { authorization: `Bearer ${key}` } },
});
const client = new Client({ name: "agent-notes", version: "1.0.0" });
await client.connect(transport);

const tools = (await client.listTools()).tools.map((tool) => tool.name);
const found = await client.callTool({ name: "agent-notes", arguments: { text: "milk" } });
const wrong = await client.callTool({ name: "agent-notes", arguments: { text: 5 } });

// One script in place of three calls; for keys with the scope `run`.
const code = `const counts = {};
for (const text of ["milk", "bob", "cow"]) counts[text] = (await tools["agent-notes"]({ text })).notes.length;
return counts;`;
const counted = tools.includes("run_code") ? await client.callTool({ name: "run_code", arguments: { code } }) : null;
await client.close();
console.log(
  JSON.stringify({
    tools,
    found: found.structuredContent.notes.map((note) => note.body),
    wrong: [wrong.isError, wrong.structuredContent.code],
    counted: counted?.structuredContent.body ?? null,
  }),
);
