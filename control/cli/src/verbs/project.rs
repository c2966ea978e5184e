//! `mayfly init` and `mayfly new`: the files of a project, and of a function. What is there already is left as it is.

use std::io;
use std::path::Path;

use mayfly_api::names;

use crate::exit::Exit;
use crate::out;

macro_rules! types {
    ($($file:literal),* $(,)?) => {
        [$((concat!(".mayfly/types/", $file), include_str!(concat!("../../../../guest-sdk/types/", $file))),)*]
    };
}

/// The types of what a function sees, as an editor finds them by `tsconfig.json`.
const TYPES: [(&str, &str); 14] = types![
    "index.d.ts",
    "lib/blob.d.ts",
    "lib/clients.d.ts",
    "lib/console.d.ts",
    "lib/crypto.d.ts",
    "lib/encoding.d.ts",
    "lib/errors.d.ts",
    "lib/events.d.ts",
    "lib/fetch.d.ts",
    "lib/messaging.d.ts",
    "lib/performance.d.ts",
    "lib/scheduling.d.ts",
    "lib/streams.d.ts",
    "lib/url.d.ts",
];

const TSCONFIG: &str = r#"{
  "compilerOptions": {
    "target": "es2023",
    "lib": ["es2023"],
    "types": [],
    "module": "esnext",
    "moduleResolution": "bundler",
    "allowImportingTsExtensions": true,
    "resolveJsonModule": true,
    "strict": true,
    "skipLibCheck": true,
    "noEmit": true,
    "paths": { "@mayfly/types": ["./.mayfly/types/index.d.ts"] }
  },
  "include": [".", ".mayfly/types"],
  "exclude": ["node_modules", "**/*.test.ts"]
}
"#;
const IGNORED: &str = "node_modules/\n.mayfly/\n.env\n";
const DEPLOYED_TO: &str = "# What the commands of this folder talk to, where no `mayfly dev` runs in it. A key does not stand here: set MAYFLY_KEY.
# url = \"https://mayfly.example\"
# app = \"app_0123456789ab\"
";

fn function(name: &str) -> String {
    format!(
        "import type {{ Context }} from \"@mayfly/types\";\n\n\
         /** Answers `mayfly invoke {name}`, and requests to its URL. */\n\
         export async function handler(req: Request, ctx: Context): Promise<Response> {{\n  \
         const name = new URL(req.url).searchParams.get(\"name\") ?? \"world\";\n  \
         return Response.json({{ hello: name }});\n}}\n"
    )
}

/// A test that needs nothing but Node, from 22.18 on: it takes types away by itself.
fn test(name: &str) -> String {
    format!(
        "// `node --test` runs it, from Node 22.18 on.\n\
         import assert from \"node:assert/strict\";\n\
         import test from \"node:test\";\n\
         import type {{ Context }} from \"@mayfly/types\";\n\
         import {{ handler }} from \"./index.ts\";\n\n\
         test(\"{name} greets\", async () => {{\n  \
         const response = await handler(new Request(\"https://example.test/?name=Ann\"), {{}} as Context);\n  \
         assert.deepEqual(await response.json(), {{ hello: \"Ann\" }});\n}});\n"
    )
}

/// Writes a project's files to a folder, with a first function where there is none.
pub(super) fn init(dir: &Path) -> Result<(), Exit> {
    let has_functions = crate::source::functions_in(dir).is_ok_and(|found| !found.is_empty());
    write(dir, "tsconfig.json", TSCONFIG)?;
    write(dir, ".gitignore", IGNORED)?;
    write(dir, "mayfly.toml", DEPLOYED_TO)?;
    for (file, text) in TYPES {
        // Ours: they follow the version of the program.
        std::fs::create_dir_all(dir.join(file).parent().unwrap_or(dir))
            .and_then(|()| std::fs::write(dir.join(file), text))
            .map_err(|error| failed(&dir.join(file), &error))?;
    }
    if !has_functions {
        write(dir, "hello/index.ts", &function("hello"))?;
        write(dir, "hello/index.test.ts", &test("hello"))?;
    }
    Ok(())
}

/// Writes a new function's file.
pub(super) fn new(dir: &Path, name: &str) -> Result<Exit, Exit> {
    if !names::is_function_name(name) {
        out::complain(&format!("{name}: a function's name has only letters, digits, - and _"));
        return Err(Exit::Usage);
    }
    if !write(dir, &format!("{name}/index.ts"), &function(name))? {
        out::complain(&format!("{} is there already", dir.join(name).join("index.ts").display()));
        return Err(Exit::Conflict);
    }
    write(dir, &format!("{name}/index.test.ts"), &test(name))?;
    Ok(Exit::Ok)
}

/// Writes a file, unless there is one; whether it did.
fn write(dir: &Path, file: &str, text: &str) -> Result<bool, Exit> {
    let path = dir.join(file);
    if path.exists() {
        return Ok(false);
    }
    let written =
        std::fs::create_dir_all(path.parent().unwrap_or(dir)).and_then(|()| std::fs::write(&path, text));
    written.map_err(|error| failed(&path, &error))?;
    out::say(&format!("{} is written", path.display()));
    Ok(true)
}

fn failed(path: &Path, error: &io::Error) -> Exit {
    out::complain(&format!("{}: {error}", path.display()));
    Exit::Failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_written_once_and_nothing_over() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".gitignore"), "mine").unwrap();
        init(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join(".gitignore")).unwrap(), "mine");
        assert!(dir.path().join(".mayfly/types/lib/url.d.ts").exists());
        assert_eq!(new(dir.path(), "other").unwrap(), Exit::Ok);
        assert_eq!(new(dir.path(), "hello").unwrap_err(), Exit::Conflict);
        assert_eq!(new(dir.path(), "../x").unwrap_err(), Exit::Usage);
        let found = crate::source::functions_in(dir.path()).unwrap();
        assert_eq!(found, [dir.path().join("hello"), dir.path().join("other")]);
    }
}
