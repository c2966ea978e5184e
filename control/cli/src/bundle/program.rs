//! Where esbuild is: the project's own, the machine's, or one that npm installs once for this user.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::out;

/// What is installed where there is none.
const VERSION: &str = "0.25.12";

/// The program to bundle a file of this folder with, and its version.
pub(super) fn find(folder: &Path) -> Result<(PathBuf, String), String> {
    let installed = folder.ancestors().flat_map(in_project).find(|program| program.is_file());
    if let Some(program) = installed.or_else(|| on_path("esbuild"))
        && let Some(version) = version_of(&program)
    {
        return Ok((program, version));
    }
    let program = cached()?;
    if version_of(&program).is_none() {
        install(&program)?;
    }
    Ok((program, VERSION.to_owned()))
}

/// Where it is, in words, for a folder's functions; installs nothing.
pub(super) fn look(folder: &Path) -> Result<String, String> {
    let installed = folder.ancestors().flat_map(in_project).find(|program| program.is_file());
    for program in installed.into_iter().chain(on_path("esbuild")).chain(cached()) {
        if let Some(version) = version_of(&program) {
            return Ok(format!("esbuild {version} ({})", program.display()));
        }
    }
    match on_path("npm") {
        Some(_) => Ok(format!("npm installs esbuild {VERSION} when a function first imports a package")),
        None => {
            Err("neither esbuild nor npm is there: functions that import packages cannot be bundled"
                .to_owned())
        }
    }
}

/// The programs that a folder's packages may have brought; the script beside them starts Node first.
fn in_project(folder: &Path) -> [PathBuf; 2] {
    let modules = folder.join("node_modules");
    [modules.join(package()).join("bin/esbuild"), modules.join(".bin/esbuild")]
}

/// The package with esbuild's program for this machine.
fn package() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        cpu => cpu,
    };
    format!("@esbuild/{os}-{cpu}")
}

fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !version.is_empty()).then_some(version)
}

fn cached() -> Result<PathBuf, String> {
    let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache")));
    let cache = cache.ok_or_else(|| missing("there is no home folder to install it to"))?;
    let folder = cache.join("mayfly").join(format!("esbuild-{VERSION}"));
    Ok(folder.join("node_modules").join(package()).join("bin/esbuild"))
}

fn install(program: &Path) -> Result<(), String> {
    let Some(npm) = on_path("npm") else { return Err(missing("there is no npm to install it with")) };
    // The folder around `node_modules/@esbuild/PACKAGE/bin/esbuild`.
    let Some(folder) = program.ancestors().nth(5) else { return Err(missing("its folder has no parent")) };
    out::say(&format!("installing esbuild {VERSION} to {}, once", folder.display()));
    std::fs::create_dir_all(folder).map_err(|error| missing(&format!("{}: {error}", folder.display())))?;
    let output = Command::new(npm)
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
        .arg(folder)
        .arg(format!("{}@{VERSION}", package()))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| missing(&error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(missing(&format!("npm could not install it: {}", String::from_utf8_lossy(&output.stderr).trim_end())))
}

fn missing(why: &str) -> String {
    format!("it imports other modules, which esbuild bundles, and {why}: `npm install --save-dev esbuild`")
}

#[allow(clippy::disallowed_methods, reason = "a look-up of a program, as the shell does it")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|program| program.is_file())
}
