//! `.env` in a folder of functions: its variables are the app's, for as long as they stand there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mayfly_api::access::Manager;
use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{ApiCall, CallContext, Handler as _, Json};
use mayfly_api::env::PatchEnv;
use mayfly_api::routes::EnvPatch;
use mayfly_cli::out;

use crate::use_cases::UseCases;

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Brings the app's variables to what the file says.
pub(super) struct EnvFile {
    use_cases: UseCases,
    context: CallContext,
    file: PathBuf,
    /// What was set by it.
    set: BTreeMap<String, String>,
    /// What it held when it was last looked at.
    seen: Option<String>,
}

impl EnvFile {
    pub(super) fn new(use_cases: UseCases, url: &str, app: &str, dir: &Path) -> Self {
        let context = CallContext {
            app: app.to_owned(),
            names: Vec::new(),
            manager: Manager::Admin,
            base: url.to_owned(),
        };
        Self { use_cases, context, file: dir.join(".env"), set: BTreeMap::new(), seen: None }
    }

    /// Set what is new or changed, and delete what this run has set and what is gone.
    pub(super) async fn sync(&mut self) {
        let text = match read(&self.file) {
            Ok(text) => text,
            Err(error) => return out::complain(&format!("{}: {error}", self.file.display())),
        };
        if self.seen.as_ref() == Some(&text) {
            return;
        }
        self.seen = Some(text.clone());
        let wanted = match parse(&text) {
            Ok(wanted) => wanted,
            Err(why) => return out::complain(&format!("{}: {why}", self.file.display())),
        };
        let gone =
            self.set.keys().filter(|name| !wanted.contains_key(*name)).map(|name| (name.clone(), None));
        let changed = wanted.iter().filter(|(name, value)| self.set.get(*name) != Some(value));
        let changed = changed.map(|(name, value)| (name.clone(), Some(value.clone())));
        let env_vars: BTreeMap<_, _> = gone.chain(changed).collect();
        if env_vars.is_empty() {
            return;
        }
        let count = env_vars.len();
        let body = Json(PatchEnv { env_vars });
        let call = ApiCall::<EnvPatch> { context: self.context.clone(), query: Nothing {}, body };
        match self.use_cases.env.handle(call).await {
            Ok(_) => {
                out::say(&format!("  .env: {count} variables"));
                self.set = wanted;
            }
            Err(error) => out::complain(&format!("{}: {}", self.file.display(), error.message())),
        }
    }
}

/// The text; empty where there is no file.
fn read(file: &Path) -> Result<String, String> {
    match file.metadata() {
        Ok(metadata) if metadata.len() > FILE_BYTES_MAX => {
            Err(format!("has more than {FILE_BYTES_MAX} bytes"))
        }
        Ok(_) => std::fs::read_to_string(file).map_err(|error| error.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// `NAME=value` lines: `export` before them, comments, values in quotes; within `"` the escapes \n, \t, \" and \\.
fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let at = |why: &str| format!("line {}: {why}", number + 1);
        let (name, value) = line.split_once('=').ok_or_else(|| at("is not of the form NAME=value"))?;
        let value = value_of(value.trim()).ok_or_else(|| at("the quotes of its value do not end"))?;
        variables.insert(name.trim().to_owned(), value);
    }
    Ok(variables)
}

fn value_of(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('\'') {
        return rest.split_once('\'').map(|(value, _)| value.to_owned());
    }
    let Some(rest) = text.strip_prefix('"') else {
        // A comment stands behind white space.
        let end = text.find(" #").or_else(|| text.find("\t#")).unwrap_or(text.len());
        return Some(text[..end].trim_end().to_owned());
    };
    let mut value = String::new();
    let mut letters = rest.chars();
    loop {
        match letters.next()? {
            '"' => return Some(value),
            '\\' => match letters.next()? {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            letter => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_other_tools_read_them() {
        let text = "\u{feff}# a comment\nA=1\n export B = two words # and a comment\nC='#raw \\n'\nD=\"a\\n\\\"b\\\"\" # x\nE=\nF=a#b\nURL=postgres://a:b@c/d?e=f\n\nA=2\n";
        let read = parse(text).unwrap();
        let expected = [
            ("A", "2"),
            ("B", "two words"),
            ("C", "#raw \\n"),
            ("D", "a\n\"b\""),
            ("E", ""),
            ("F", "a#b"),
            ("URL", "postgres://a:b@c/d?e=f"),
        ];
        assert_eq!(read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
        assert_eq!(parse("A=1\nnonsense").unwrap_err(), "line 2: is not of the form NAME=value");
        assert_eq!(parse("A=\"x").unwrap_err(), "line 1: the quotes of its value do not end");
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".env");
        assert_eq!(read(&file).unwrap(), "");
        std::fs::write(&file, "#".repeat(FILE_BYTES_MAX as usize)).unwrap();
        assert!(read(&file).is_ok());
        std::fs::write(&file, "#".repeat(FILE_BYTES_MAX as usize + 1)).unwrap();
        assert!(read(&file).unwrap_err().contains("more than"));
    }
}
