//! Test folders with npm packages: pinned, and installed once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A copy of `tests/<name>` with our own packages and pinned npm packages; `None` without npm.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    if !has_npm(name) {
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    copy(&root().join("tests").join(name), &folder);
    let lock = fs::read(folder.join("package-lock.json")).unwrap();
    let installed = folder.join("node_modules/installed-by");
    if fs::read(&installed).ok().as_ref() != Some(&lock) {
        execute(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder));
        fs::write(&installed, lock).unwrap();
    }
    for package in ["adapters", "types"] {
        let place = folder.join("node_modules/@mayfly").join(package);
        copy(&root().join("guest-sdk").join(package), &place);
    }
    Some(folder)
}

#[allow(clippy::print_stderr, reason = "a skipped test must be reported")]
fn has_npm(name: &str) -> bool {
    let npm = Command::new("npm").arg("--version").output();
    let found = npm.is_ok_and(|npm| npm.status.success());
    if !found {
        eprintln!("SKIPPED: tests/{name} is not tested, because there is no npm on this machine");
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_file() {
            fs::copy(&path, target).unwrap();
        } else if !path.ends_with("node_modules") {
            copy(&path, &target);
        }
    }
}

/// Runs a program that must succeed, and returns its output.
pub(crate) fn execute(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout.into_owned()
}
