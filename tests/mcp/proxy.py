"""The newest revision's client before `mayfly mcp proxy`. Arguments: transport, then the proxy's URL and key, or its command."""

import asyncio
import json
import sys

import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client


async def main() -> None:
    kind, where, *args = sys.argv[1:]
    if kind == "http":
        http = httpx2.AsyncClient(headers={"authorization": f"Bearer {args[0]}"}, timeout=60)
        transport = streamable_http_client(where, http_client=http)
    else:
        transport = stdio_client(StdioServerParameters(command=where, args=args))
    async with Client(transport) as client:

        async def call(tool: str, /, **arguments) -> dict:
            result = await client.call_tool(tool, arguments)
            code = (result.structured_content or {}).get("code")
            texts = [part.text for part in result.content if part.type == "text"]
            return {"code": code, "text": texts[0] if texts else None, "isError": result.is_error}

        tools = [tool.name for tool in (await client.list_tools()).tools]
        resources = await client.list_resources()
        print(json.dumps({
            "protocol": client.protocol_version,
            "hidden": "get-env" in tools,
            "echo": (await call("echo", message="hi"))["text"],
            "denied": (await call("get-env"))["code"],
            "bound": (await call("get-sum", a=101, b=1))["code"],
            "sum": (await call("get-sum", a=1, b=2))["text"],
            "again": (await call("get-sum", a=1, b=2))["code"],
            "resources": len(resources.resources) > 0,
        }))


asyncio.run(main())
