//! A running `mayfly`, read line by line, and gone when the test is.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// A running `mayfly` process.
pub(crate) struct Mayfly {
    child: Child,
    lines: Receiver<String>,
    /// What has been read so far.
    pub(crate) seen: Vec<String>,
}

/// A command of the program, without whatever the environment of the test says.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MAYFLY_") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1").args(args);
    command
}

/// A directory that PostgreSQL's account can pass through, also when the tests run as root.
pub(crate) fn directory() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::Builder::new().prefix("mayfly-test-").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    directory
}

/// Compiling the engine takes seconds: all servers of these tests keep theirs in one place.
fn share_cache(data_dir: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&shared).unwrap();
    let link = data_dir.join("cache");
    if !link.exists() {
        std::os::unix::fs::symlink(shared, link).unwrap();
    }
}

impl Mayfly {
    /// Start a server on a free port with its data in `data_dir`.
    pub(crate) fn start(args: &[&str], data_dir: &Path) -> Self {
        share_cache(data_dir);
        let mut child = command(args)
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = channel();
        // Both streams into one: what is asked for is whether something was said.
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for stream in [Box::new(out) as Box<dyn std::io::Read + Send>, Box::new(err)] {
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if tell.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Self { child, lines, seen: Vec::new() }
    }

    /// Wait for a line that contains `text`.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv() {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(_) => panic!("it ended without saying {text:?}:\n{}", self.seen.join("\n")),
            }
        }
    }

    /// Send a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Wait for its end.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Mayfly {
    fn drop(&mut self) {
        // It is gone already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `GET` by hand: status line, head and body as one text.
pub(crate) fn get(url: &str) -> String {
    request("GET", url, "", "")
}

/// A request by hand, as the operator: status line, head and body as one text.
pub(crate) fn request(method: &str, url: &str, key: &str, body: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let authorization =
        if key.is_empty() { String::new() } else { format!("authorization: Bearer {key}\r\n") };
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\n{authorization}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}
