//! Node's modules that a function may import.

/// The section of the guest's module that holds their script.
pub const SECTION: &str = "mayfly-library";

/// By the names under which they are imported. All of them can be: what a module has not throws when it is called.
pub const MODULES: &[&str] = &[
    "node:assert",
    "node:assert/strict",
    "node:async_hooks",
    "node:buffer",
    "node:child_process",
    "node:cluster",
    "node:console",
    "node:constants",
    "node:crypto",
    "node:dgram",
    "node:diagnostics_channel",
    "node:dns",
    "node:dns/promises",
    "node:domain",
    "node:events",
    "node:fs",
    "node:fs/promises",
    "node:http",
    "node:http2",
    "node:https",
    "node:inspector",
    "node:inspector/promises",
    "node:module",
    "node:net",
    "node:os",
    "node:path",
    "node:path/posix",
    "node:path/win32",
    "node:perf_hooks",
    "node:process",
    "node:punycode",
    "node:querystring",
    "node:readline",
    "node:readline/promises",
    "node:repl",
    "node:sqlite",
    "node:stream",
    "node:stream/consumers",
    "node:stream/promises",
    "node:stream/web",
    "node:string_decoder",
    "node:sys",
    "node:test",
    "node:timers",
    "node:timers/promises",
    "node:tls",
    "node:trace_events",
    "node:tty",
    "node:url",
    "node:util",
    "node:util/types",
    "node:v8",
    "node:vm",
    "node:wasi",
    "node:worker_threads",
    "node:zlib",
];

/// Those of which a function has little or nothing: packages that have something else for browsers do better with that.
pub const STAND_INS: &[&str] = &[
    "node:child_process",
    "node:cluster",
    "node:dgram",
    "node:dns",
    "node:dns/promises",
    "node:domain",
    "node:fs",
    "node:fs/promises",
    "node:http",
    "node:http2",
    "node:https",
    "node:inspector",
    "node:inspector/promises",
    "node:net",
    "node:readline",
    "node:readline/promises",
    "node:repl",
    "node:sqlite",
    "node:test",
    "node:tls",
    "node:trace_events",
    "node:v8",
    "node:vm",
    "node:wasi",
    "node:worker_threads",
];

/// Separates a module's name from the names that are imported from it: what the module has not is made for them.
pub const NAMES: char = '?';

/// What stands in place of the packages bcrypt and bcryptjs.
pub const BCRYPT: &str = "mayfly:bcrypt";

/// The whole name of one of Node's modules, of which `node:` may be left out; `None` for what is none.
pub fn whole_name(name: &str) -> Option<&'static str> {
    if name == BCRYPT {
        return Some(BCRYPT);
    }
    let bare = name.strip_prefix("node:").unwrap_or(name);
    if bare == name && matches!(name, "sqlite" | "test") {
        // These have the prefix alone: without it they are packages.
        return None;
    }
    MODULES.iter().find(|known| known.strip_prefix("node:") == Some(bare)).copied()
}

/// What a module's own name and the names that are imported from it make together.
pub fn with_names<'a>(module: &str, names: impl Iterator<Item = &'a str>) -> String {
    names.fold(module.to_owned(), |mut all, name| {
        all.push(if all.len() == module.len() { NAMES } else { ',' });
        all.push_str(name);
        all
    })
}

/// Global names that are Node's, or stand in the Node image alone: a function that uses one starts from that.
pub const GLOBALS: &[&str] =
    &["Buffer", "CloseEvent", "EventSource", "WebSocket", "caches", "global", "process", "scheduler"];

/// Whether it is one of [`STAND_INS`], with or without `node:`.
pub fn is_stand_in(name: &str) -> bool {
    whole_name(name).is_some_and(|name| STAND_INS.contains(&name))
}
