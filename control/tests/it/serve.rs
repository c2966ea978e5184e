//! `mayfly serve`: settings are checked before anything is bound, and SIGTERM ends it well.

use crate::process::{Mayfly, command, directory, get};

#[test]
fn bad_settings_end_it_with_2_and_name_the_flag() {
    for (args, named) in [
        (&["serve", "--listen", "nonsense"][..], "--listen"),
        (&["serve", "--max-body", "huge"], "--max-body"),
        (&["serve", "--max-cache", "lots"], "--max-cache"),
        (&["serve", "--compile-hot", "yes"], "--compile-hot"),
        (&["serve", "--public-url", "ftp://x/"], "--public-url"),
        (&["serve", "--database-url", "mysql://x"], "--database-url"),
        (&["serve", "--no-such-flag"], "--no-such-flag"),
        (&["fly"], "fly"),
    ] {
        let output = command(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains(named), "{args:?}: {text}");
    }
}

#[test]
fn a_port_that_is_taken_is_a_failure_with_the_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = directory();
    let output = command(&["serve", "--listen", &address, "--data-dir"]).arg(data.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&address));
}

#[test]
fn sigterm_ends_it_with_0_and_a_restart_finds_everything() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = directory();
    let start = || {
        let mut server = Mayfly::start(&["serve", "--log-format", "json"], data.path());
        let line = server.line_with("\"listening\"");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        (server, line["url"].as_str().unwrap().to_owned())
    };
    let (server, url) = start();
    assert!(get(&format!("{url}/readyz")).contains("\"ready\""));
    let key_file = data.path().join("admin.key");
    assert_eq!(key_file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let key = std::fs::read_to_string(&key_file).unwrap();
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(0));

    let (server, _) = start();
    assert_eq!(std::fs::read_to_string(&key_file).unwrap(), key);
    server.signal("INT");
    assert_eq!(server.end().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let data = directory();
    let mut server = Mayfly::start(&["serve", "--log-format", "json"], data.path());
    server.line_with("\"listening\"");
    // A request whose body never comes holds the drain up.
    let line = server.seen.last().unwrap().clone();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let host = line["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let key = std::fs::read_to_string(data.path().join("admin.key")).unwrap();
    let mut held = std::net::TcpStream::connect(&host).unwrap();
    let head = format!(
        "POST /v1/apps HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n",
        key.trim()
    );
    std::io::Write::write_all(&mut held, head.as_bytes()).unwrap();
    // The server asks for the body: the request is under way.
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut held, &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    server.signal("TERM");
    server.line_with("shutting down");
    server.signal("TERM");
    server.line_with("second signal");
    assert_eq!(server.end().code(), Some(1));
}
