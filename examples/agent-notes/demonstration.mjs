// What agents do, in one go: `node demonstration.mjs URL ADMIN_KEY [MAYFLY [SERVER...]]`. It makes an app of its own, and deletes it at the end. MAYFLY is the
// program (default: mayfly); each SERVER is a command that is an MCP server, to be scanned. With APPROVE=1 it approves by itself what a person has to.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [url, admin, mayfly = "mayfly", ...given] = process.argv.slice(2);
const servers = given.length > 0 ? given : [
  "npx -y @modelcontextprotocol/server-filesystem /tmp",
  "npx -y @modelcontextprotocol/server-memory",
];
const here = new URL(".", import.meta.url);
const file = (name) => readFileSync(new URL(name, here), "utf8");
const say = (step, shown) => console.log(`${step}:`, typeof shown === "string" ? shown : JSON.stringify(shown));

/** A request to the API. */
async function ask(method, path, key, body) {
  const answer = await fetch(url + path, {
    method, body: body && JSON.stringify(body),
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.json();
}

/** A client of the Model Context Protocol, as who has this key. */
async function connected(path, key) {
  const client = new Client({ name: "demonstration", version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url + path), { requestInit }));
  return async (name, args) => {
    const { isError, structuredContent } = await client.callTool({ name, arguments: args });
    return { isError: isError ?? false, ...structuredContent };
  };
}

const command = (...args) =>
  execFileSync(mayfly, args, { env: { ...process.env, MAYFLY_URL: url, MAYFLY_KEY: admin }, encoding: "utf8" });

const app = await ask("POST", "/v1/apps", admin, { name: "demonstration" });
const app_id = app.app_id;
const agent = await connected("/mcp", app.service_key);

// An agent deploys a function, invokes it, reads its logs, and makes a table.
const code = `export async function handler(req, ctx) {
  const { to } = await req.json();
  console.log("welcome", to);
  return Response.json({ sent: to });
}`;
const trigger = { type: "http", config: { method: "POST", path: "/welcome", auth: "required" } };
const deploy = () => agent("deploy_function", { app_id, name: "send-welcome-email", code, trigger });
const deployed = await deploy();
say("deployed", deployed.url);
const invoked = await agent("invoke_function", { app_id, function_name: "send-welcome-email", body: { to: "ann" } });
say("invoked", invoked.body);
const read = await agent("manage_function", { app_id, action: "get_logs", function_name: "send-welcome-email" });
const logged = read.logs[0].consoleLogs[0].message;
say("logged", logged);
const posts = { columns: {
  id: { type: "uuid", primaryKey: true, default: "gen_random_uuid()" },
  title: { type: "text", nullable: false },
  created_at: { type: "timestamptz", default: "now()" },
} };
const applied = await agent("manage_schema", { app_id, action: "apply", schema: { tables: { posts } } });
say("applied", applied.statements);

// A policy: ten deploys a minute, and nothing else.
const limits = [{ counter: "deploy_function_rate", window: "minute", max: 10, scope: "grant" }];
const policy = { version: "1", default: "deny", tools: { deploy_function: { limits } } };
await ask("PUT", `/v1/${app_id}/policy`, admin, policy);
let [deploys, stopped] = [0, null];
while (!stopped) {
  const answer = await deploy();
  if (answer.isError) stopped = answer;
  else deploys += 1;
}
say("stopped", stopped.detail);
const denied = await agent("manage_function", { app_id, action: "list" });
say("denied", denied.detail);
await ask("DELETE", `/v1/${app_id}/policy`, admin);

// A tool of the app's own: an end user's agent sees that user's rows.
await ask("POST", `/v1/${app_id}/sql`, app.service_key, { sql: file("schema.sql") });
const { try: _, ...manifest } = JSON.parse(file("function.json"));
const notes = { name: "agent-notes", code: file("index.ts"), ...manifest };
await ask("POST", `/v1/${app_id}/functions`, app.service_key, notes);
const { token } = await ask("POST", `/v1/${app_id}/auth/tokens`, app.service_key, { sub: "alice" });
const alice = await connected(`/mcp/${app_id}`, token);
const found = (await alice("agent-notes", { text: "" })).notes.map((note) => note.body);
say("alice's notes", found);

// A tool that changes something waits for a person.
await ask("POST", `/v1/${app_id}/functions`, app.service_key, {
  name: "add_note", agent_tool: true, agent_tool_mode: "read_write", agent_tool_exposed_to: "end_user",
  code: `export default async (req, ctx) => {
    const { body } = await req.json();
    await ctx.db.query("INSERT INTO agent_notes (body) VALUES ($1)", [body]);
    return Response.json({ added: body });
  }`,
});
const add = () => alice("add_note", { body: "feed the cat" });
let added = await add();
const waited = added.code;
const { approval_id } = added.error.details;
say("waiting", `in another terminal: mayfly approvals approve ${approval_id}`);
while (added.isError) {
  if (process.env.APPROVE) say("approved", command("approvals", "approve", approval_id, "--reason", "seen").trim());
  else await new Promise((done) => setTimeout(done, 2_000));
  added = await add();
  if (added.isError && added.error.details.approval_id !== approval_id) throw new Error(added.detail);
}
say("added", added.added);

// One script in place of three calls.
const script = `const notes = {};
for (const text of ["milk", "bob", "cat"]) notes[text] = (await tools["agent-notes"]({ text })).notes.length;
return notes;`;
const ran = await agent("run_code", { app_id, code: script });
say("one script", ran.body);

// What other servers' tools do.
const scanned = {};
for (const server of servers) {
  const { report } = JSON.parse(command("mcp", "scan", server, "--json"));
  scanned[report.server] = report.tools.length;
  const risky = report.tools.filter((tool) => tool.severity === "critical").map((tool) => tool.name);
  say(`scanned ${report.server}`, `${report.tools.length} tools, critical: ${risky.join(", ") || "none"}`);
}

// All of that is written down.
const { entries } = await ask("GET", `/v1/${app_id}/audit?limit=1000`, app.service_key);
const audited = {};
for (const entry of entries) {
  const what = `${entry.identity.split(":")[0]} ${entry.tool} ${entry.decision}`;
  audited[what] = (audited[what] ?? 0) + 1;
}
say("audited", audited);
await ask("DELETE", `/v1/apps/${app_id}?confirm=${app_id}`, admin);
console.log(JSON.stringify({
  deployed: deployed.status, invoked: invoked.body, logged, applied: applied.applied, deploys, stopped: stopped.code,
  denied: denied.code, found, waited, added: added.added, ran: ran.body, scanned: Object.values(scanned), audited,
}));
process.exit(0);
