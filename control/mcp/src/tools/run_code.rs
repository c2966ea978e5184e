//! `run_code`: code that runs once, in place of many calls.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "run_code",
    title: "Run Code",
    description: DESCRIPTION,
    // What code does, only its author knows.
    hints: Hints { read_only: false, destructive: true, idempotent: false, open_world: true },
    actions: &[ToolAction::new("", RouteId::RunCode)],
    words: &[
        ("app_id", "The app whose database, functions and tools the code may use."),
        (
            "code",
            "TypeScript or JavaScript: the body of an async function of `req`, `ctx` and `input`, or a module with a handler.",
        ),
        ("input", "Any JSON: `input` of the code."),
        ("method", "The method of `req` (default: POST)."),
        ("headers", "The headers of `req`, by name."),
        ("body", "The body of `req`."),
        (
            "limits",
            "Lower limits: { timeoutMs?: 1 to 30000, cpuLimitMs?: 1 to 10000, memoryLimitMb?: 16 to 128 }.",
        ),
        (
            "capabilities",
            "What the code may use; nothing unless named. { db?: none|read_only|read_write, env?: [names], fetch?: [hosts], \
             fetch_methods?: [methods], functions?: [names], enqueue?: [names], storage?: none|read_only|read_write, \
             broadcast?: boolean, tools?: [names of functions, SERVER/TOOL or SERVER/*] }.",
        ),
    ],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Runs TypeScript or JavaScript once, in a fresh sandbox, and returns what it returned. Nothing is deployed or kept. Write
one script in place of many calls: loop, filter and combine in code, and return only what is needed.

Example
  Input:  { app_id: "app_abc123def456", code: "const { rows } = await ctx.db.query('SELECT count(*) AS n FROM notes'); return rows[0]",
            capabilities: { db: "read_only" } }
  Output: { status: 200, body: { n: 3 }, logs: [], fuel: 1900000, duration_ms: 2.1, error: null, invocation_id: "inv_..." }
  With tools: { code: "const found = await tools.search_notes({ text: input }); return found.length", input: "milk" }

`tools.NAME(args)` calls the app's agent tools: each call passes the policies and is in the audit log, as if it were made by itself; a
refusal is thrown, with `code`. `tools.SERVER.TOOL(args)` calls a tool of another MCP server that the app names. The code may use only what `capabilities` names: ctx.db, ctx.env, fetch, ctx.invoke, ctx.enqueue,
ctx.storage, ctx.broadcast. A Response is returned as it is, anything else as JSON.
Errors: VALIDATION_INVALID_CODE with line and column: the code does not parse; code that throws or reaches a limit is a failure with
`error.stack`, mapped to its lines. CAPABILITY_DENIED is thrown inside where a capability is missing."#;
