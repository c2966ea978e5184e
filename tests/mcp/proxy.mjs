// A client before `mayfly mcp proxy`, before the reference server "everything". Arguments: transport, then the proxy's URL, or its
// command and arguments.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";

const [kind, where, ...args] = process.argv.slice(2);
const transport =
  kind === "http"
    ? new StreamableHTTPClientTransport(new URL(where), { requestInit: { headers: { authorization: `Bearer ${args[0]}` } } })
    : new StdioClientTransport({ command: where, args });
const client = new Client(
  { name: "proxy-journey", version: "1.0.0" },
  { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } },
);
const asked = [];
client.setRequestHandler(CreateMessageRequestSchema, () => ({
  model: "test", role: "assistant", content: { type: "text", text: "sampled" },
}));
client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: "file:///tmp", name: "tmp" }] }));
client.setRequestHandler(ElicitRequestSchema, (request) => {
  asked.push(request.params.message);
  const own = Object.keys(request.params.requestedSchema.properties ?? {}).includes("approve");
  return { action: "accept", content: own ? { approve: true } : { name: "ann", check: true } };
});
await client.connect(transport);

const call = async (name, given = {}, options) => {
  const result = await client.callTool({ name, arguments: given }, undefined, options);
  return { code: result.structuredContent?.code, text: result.content.find((part) => part.type === "text")?.text, result };
};
const names = (await client.listTools()).tools.map((tool) => tool.name);
const steps = [];
const long = await call("trigger-long-running-operation", { duration: 0.4, steps: 4 }, {
  onprogress: (step) => steps.push(step.progress),
});
const sampled = await call("trigger-sampling-request", { prompt: "hi", maxTokens: 5 });
const elicited = await call("trigger-elicitation-request");
const approved = await call("get-tiny-image");
const resources = await client.listResources();
const read = await client.readResource({ uri: resources.resources[0].uri });
const prompts = await client.listPrompts();
const prompt = await client.getPrompt({ name: prompts.prompts[0].name });
const completed = await client.complete({
  ref: { type: "ref/prompt", name: "completable-prompt" }, argument: { name: "department", value: "E" },
});
await client.setLoggingLevel("error");
const found = {
  server: client.getServerVersion()?.name,
  hidden: names.includes("get-env"),
  echo: (await call("echo", { message: "hi" })).text,
  denied: (await call("get-env")).code,
  bound: (await call("get-sum", { a: 101, b: 1 })).code,
  sum: (await call("get-sum", { a: 1, b: 2 })).text,
  again: (await call("get-sum", { a: 1, b: 2 })).code,
  // The client forgets a call with its answer: a report that is read together with it is lost there.
  steps: steps.slice(0, 3), done: long.text.includes("completed"),
  sampled: sampled.text.includes("sampled"),
  elicited: !elicited.result.isError,
  approved: !approved.result.isError,
  asked: asked.filter((message) => message.includes("get-tiny-image")).length,
  read: read.contents.length, prompt: prompt.messages.length > 0, completed: completed.completion.values.length > 0,
};
await client.close();
console.log(JSON.stringify(found));
