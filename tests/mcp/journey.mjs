// The first example's journey by the official TypeScript client. Arguments: transport, URL or program, key, app.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [kind, url, key, app, program] = process.argv.slice(2);
const transport =
  kind === "http"
    ? new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${key}` } },
      })
    : new StdioClientTransport({ command: program, args: ["mcp"], env: { MAYFLY_URL: url, MAYFLY_KEY: key } });
const client = new Client({ name: "journey", version: "1.0.0" });
await client.connect(transport);

const told = [];
client.onerror = (error) => told.push(String(error));
const call = async (name, args) => {
  const result = await client.callTool({ name, arguments: args });
  return { isError: result.isError ?? false, ...result.structuredContent };
};
const tools = await client.listTools();
const code = `export async function handler(req, ctx) {
  const { name } = await req.json();
  console.log("welcome", name);
  return Response.json({ welcome: name });
}`;
const deployed = await call("deploy_function", {
  app_id: app, name: "send-welcome-email", code,
  trigger: { type: "http", config: { method: "POST", path: "/welcome", auth: "required" } },
});
const invoked = await call("invoke_function", {
  app_id: app, function_name: "send-welcome-email", body: { name: "ann" },
});
const logs = await call("manage_function", { app_id: app, action: "get_logs", function_name: "send-welcome-email" });
const schema = {
  tables: { posts: { columns: {
    id: { type: "uuid", primaryKey: true, default: "gen_random_uuid()" },
    title: { type: "text", nullable: false },
    created_at: { type: "timestamptz", default: "now()" },
  } } },
};
const applied = await call("manage_schema", { app_id: app, action: "apply", schema });
const again = await call("manage_schema", { app_id: app, action: "apply", schema });
const thrown = await call("deploy_function", { app_id: app, name: "a", code: "export default (" });
const unknown = await call("manage_function", { app_id: app, action: "list", colour: "red" });
const explained = await call("explain_failure", { app_id: app, invocation_id: invoked.invocation_id });
const guest = await client.readResource({ uri: "mayfly://docs/GUEST.md" });
const prompt = await client.getPrompt({ name: "review_app", arguments: { app_id: app } });
const progress = [];
await client.callTool(
  { name: "deploy_function", arguments: { app_id: app, name: "slow", code:
    "export default async () => { await new Promise((done) => setTimeout(done, 2500)); return new Response('ok') }" } },
);
const slow = await client.callTool(
  { name: "invoke_function", arguments: { app_id: app, function_name: "slow" } },
  undefined,
  { onprogress: (step) => progress.push(step.progress) },
);
await client.close();
console.log(JSON.stringify({
  server: client.getServerVersion()?.name, tools: tools.tools.map((tool) => tool.name), deployed: deployed.status,
  invoked: invoked.body, logged: logs.logs[0].consoleLogs[0].message, applied: applied.applied, again: again.message,
  thrown: [thrown.isError, thrown.code], unknown: [unknown.isError, unknown.code], explained: explained.failed,
  guest: guest.contents[0].text.length > 1000, prompt: prompt.messages.length, slow: slow.structuredContent.body,
  progressed: progress.length > 0, told,
}));
