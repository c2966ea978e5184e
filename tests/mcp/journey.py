"""The first example's journey by the official Python client. Arguments: transport, URL or program, key, app."""

import asyncio
import json
import sys

import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

CODE = """export async function handler(req, ctx) {
  const { name } = await req.json();
  console.log("welcome", name);
  return Response.json({ welcome: name });
}"""


async def main() -> None:
    kind, url, key, app, program = sys.argv[1:6]
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=60)
    if kind == "http":
        transport = streamable_http_client(f"{url}/mcp", http_client=http)
    else:
        environment = {"MAYFLY_URL": url, "MAYFLY_KEY": key}
        transport = stdio_client(StdioServerParameters(command=program, args=["mcp"], env=environment))
    async with Client(transport) as client:

        async def call(tool: str, /, **arguments) -> dict:
            result = await client.call_tool(tool, arguments)
            return {"isError": result.is_error, **(result.structured_content or {})}

        tools = await client.list_tools()
        trigger = {"type": "http", "config": {"method": "POST", "path": "/welcome", "auth": "required"}}
        deployed = await call("deploy_function", app_id=app, name="send-welcome-email", code=CODE, trigger=trigger)
        invoked = await call("invoke_function", app_id=app, function_name="send-welcome-email", body={"name": "ann"})
        logs = await call("manage_function", app_id=app, action="get_logs", function_name="send-welcome-email")
        thrown = await call("deploy_function", app_id=app, name="a", code="export default (")
        unknown = await call("manage_function", app_id=app, action="list", colour="red")
        schema = await call("manage_schema", app_id=app, action="get")
        guest = await client.read_resource("mayfly://docs/GUEST.md")
        prompt = await client.get_prompt("review_app", {"app_id": app})
        print(json.dumps({
            "protocol": client.protocol_version,
            "tools": [tool.name for tool in tools.tools],
            "deployed": deployed["status"],
            "invoked": invoked["body"],
            "logged": logs["logs"][0]["consoleLogs"][0]["message"],
            "thrown": [thrown["isError"], thrown["code"]],
            "unknown": [unknown["isError"], unknown["code"]],
            "schema": schema["isError"],
            "guest": len(guest.contents[0].text) > 1000,
            "prompt": len(prompt.messages),
        }))


asyncio.run(main())
