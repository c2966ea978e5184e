//! The real TypeScript compiler, from npm: installed once, beside the test binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

/// Pinned versions, so that every run gives the same result.
const VERSION: &str = "5.9.3";
const NODE_VERSION: &str = "22.20.5";

static COMPILER: OnceLock<Option<PathBuf>> = OnceLock::new();

/// The output of `tsc --strict` for these files, which may import `@mayfly/types`; empty when they compile.
/// `None`, with a message, without npm.
pub fn check(files: &[(&str, &str)]) -> Option<String> {
    check_with(json!({}), files)
}

/// [`check`] with other compiler options.
pub fn check_with(options: Value, files: &[(&str, &str)]) -> Option<String> {
    let package = package()?;
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file is written");
    }
    let mut config = json!({
        "compilerOptions": {
            "strict": true,
            "noEmit": true,
            "noUncheckedIndexedAccess": true,
            "exactOptionalPropertyTypes": true,
            "target": "es2023",
            "lib": ["esnext"],
            "module": "es2022",
            "moduleResolution": "bundler",
            "types": [],
            "paths": { "@mayfly/types": [types()] },
        },
        "include": ["*.ts"],
    });
    // Packages from npm beside the compiler, for files that name them in `types`.
    config["compilerOptions"]["typeRoots"] = json!([package.with_file_name("@types")]);
    for (name, value) in options.as_object().into_iter().flatten() {
        config["compilerOptions"][name] = value.clone();
    }
    fs::write(folder.path().join("tsconfig.json"), config.to_string()).expect("a file is written");
    let mut command = Command::new("node");
    command.arg(package.join("bin/tsc")).args(["--pretty", "false", "--project"]).arg(folder.path());
    let output = command.output().expect("node runs");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    Some(said)
}

/// The compiler's package; `None` without npm.
pub fn package() -> Option<PathBuf> {
    COMPILER.get_or_init(install).clone()
}

/// The file of `@mayfly/types`.
pub fn types() -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk/types/index.d.ts");
    file.canonicalize().expect("the types")
}

#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn install() -> Option<PathBuf> {
    if Command::new("npm").arg("--version").output().is_err() {
        eprintln!("skipped: there is no npm, so nothing is checked by tsc");
        return None;
    }
    let binary = std::env::current_exe().expect("this program's path");
    let folder = binary.parent().and_then(Path::parent).expect("a target folder");
    let folder = folder.join(format!("mayfly-test-tsc-{VERSION}-{NODE_VERSION}"));
    let package = folder.join("node_modules/typescript");
    if package.join("bin/tsc").is_file() {
        return Some(package);
    }
    // Atomically: another run may be looking for it.
    let parent = folder.parent().expect("a target folder");
    let fresh = tempfile::tempdir_in(parent).expect("a folder");
    let installed = Command::new("npm")
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
        .arg(fresh.path())
        .args([format!("typescript@{VERSION}"), format!("@types/node@{NODE_VERSION}")])
        .output()
        .expect("npm runs");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    if fs::rename(fresh.path(), &folder).is_ok() {
        let _ = fresh.keep();
    }
    Some(package)
}
