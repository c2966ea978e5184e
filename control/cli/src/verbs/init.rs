//! `mayfly init`: a folder's `.mcp.json`, by which agents find the server. Keys stay in the environment.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

const FILE: &str = ".mcp.json";

pub(super) fn init(remote: &Remote, dir: &Path) -> Result<Exit, Exit> {
    let file = dir.join(FILE);
    let failed = |error: io::Error| {
        out::complain(&format!("{}: {error}", file.display()));
        Exit::Failure
    };
    let server = server(remote.url.trim_end_matches('/'));
    match std::fs::read(&file) {
        Ok(text) => {
            let known: Value = serde_json::from_slice(&text).unwrap_or_default();
            if known["mcpServers"]["mayfly"].is_object() {
                out::say(&format!("{} names the server already", file.display()));
                return Ok(Exit::Ok);
            }
            // Its author's order would be lost.
            out::complain(&format!("{} is there already; add to its mcpServers:", file.display()));
            out::data(&format!("{:#}", json!({ "mayfly": server })));
            Err(Exit::Conflict)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(dir).map_err(failed)?;
            let text = format!("{:#}\n", json!({ "mcpServers": { "mayfly": server } }));
            std::fs::write(&file, text).map_err(failed)?;
            out::say(&format!("{} is written: set MAYFLY_KEY to a service key of the app", file.display()));
            Ok(Exit::Ok)
        }
        Err(error) => Err(failed(error)),
    }
}

/// The server as Claude Code and Cursor read it, which put the environment in.
fn server(url: &str) -> Value {
    json!({
        "type": "http",
        "url": format!("${{MAYFLY_URL:-{url}}}/mcp"),
        "headers": { "Authorization": "Bearer ${MAYFLY_KEY}" },
    })
}
