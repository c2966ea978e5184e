//! Virtual environments of Python with pinned packages, for tests against software that is not ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::npm::{execute, root};

/// The folder of an environment with the packages of a requirements file; `None` without Python, which is reported
/// with what is not tested then.
#[allow(clippy::print_stderr, reason = "a skipped test must be reported")]
pub(crate) fn environment(name: &str, requirements: &str, untested: &str) -> Option<PathBuf> {
    let python = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    if !python.is_ok_and(|python| python.status.success()) {
        eprintln!("SKIPPED: {untested}, because there is no Python with venv on this machine");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let requirements = root().join(requirements);
    let pinned = fs::read(&requirements).unwrap();
    let installed = folder.join("installed-by");
    if fs::read(&installed).ok().as_ref() != Some(&pinned) {
        execute(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let mut pip = Command::new(folder.join("bin/pip"));
        execute(
            pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
                .arg(requirements),
        );
        fs::write(&installed, pinned).unwrap();
    }
    Some(folder)
}
