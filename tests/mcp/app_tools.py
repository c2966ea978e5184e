"""An app's own tools, by the official Python client. Arguments: URL, app, key, an end user's token."""

import asyncio
import json
import sys

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

COUNT = """const found = await Promise.all(input.map((text: string) => tools["agent-notes"]({ text })));
return found.reduce((sum, { notes }) => sum + notes.length, 0);"""


def client_of(url: str, key: str) -> Client:
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=60)
    return Client(streamable_http_client(url, http_client=http))


async def main() -> None:
    url, app, key, token = sys.argv[1:5]
    place = f"{url}/mcp/{app}"
    async with client_of(place, token) as client:
        tools = await client.list_tools()
        found = await client.call_tool("agent-notes", {"text": "milk"})
    async with client_of(f"{place}?functions=agent-notes", key) as client:
        narrowed = await client.list_tools()
        counted = await client.call_tool("run_code", {"code": COUNT, "input": ["milk", "bob"]})
        thrown = await client.call_tool("run_code", {"code": "const a = 1;\nthrow new Error('no ' + a)"})
    stack = thrown.structured_content["error"]["stack"]
    print(json.dumps({
        "tools": [tool.name for tool in tools.tools],
        "found": [note["body"] for note in found.structured_content["notes"]],
        "counted": counted.structured_content["body"],
        "thrown": [thrown.is_error, next(place for place in ["run.ts:2:", stack] if place in stack)],
        "narrowed": [tool.name for tool in narrowed.tools if tool.name != "run_code"],
    }))


asyncio.run(main())
