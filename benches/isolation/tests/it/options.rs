//! Options that make no sense are refused with what there is.

use std::process::Command;

fn refused(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mayfly-bench")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn bad_options_are_refused() {
    assert!(
        refused(&["isolation", "--ways", "mayfly,nonsense"])
            .contains("there is no such way; there are hyper")
    );
    assert!(refused(&["isolation", "--work", "nonsense"]).contains("there is no such work; there are hello"));
    assert!(refused(&["isolation", "--at", "0"]).contains("not within 1 to 1024"));
    assert!(refused(&["isolation", "--at", "16,2000"]).contains("not within 1 to 1024"));
    assert!(refused(&["isolation", "--rounds", "0"]).contains("not within 1 to 100"));
    assert!(refused(&["isolation", "--seconds", "nan"]).contains("not within 0.05 to 600"));
    assert!(refused(&["isolation", "--tenants", "10001"]).contains("not within 10 to 10000"));
    assert!(refused(&["isolation", "--mix", "a.toml", "--ways", "node"]).contains("cannot be used with"));
    assert!(refused(&["serve", "hello"]).contains("there is no such way"));
}

#[test]
fn help_has_examples() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_mayfly-bench")).args(["isolation", "--help"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("mayfly bench isolation --quick") && text.contains("[[function]]"));
}

#[test]
fn a_bad_mix_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.toml");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        mayfly_bench::measures::mix::read(&path)
            .map(|mix| mix.function.len())
            .map_err(|error| error.to_string())
    };
    let function = |share: u32| format!("[[function]]\nname = 'a'\nsource = 'a.js'\nshare = {share}\n");
    assert_eq!(read(&function(1)), Ok(1));
    assert_eq!(read(&function(10_000)), Ok(1));
    assert!(read("rate = 1").unwrap_err().contains("missing field `function`"));
    assert!(read("function = []").unwrap_err().contains("1 to 1000 functions"));
    assert!(read(&function(0)).unwrap_err().contains("shares must be 1 or more"));
    assert!(read(&function(10_001)).unwrap_err().contains("10000 together"));
    assert!(read(&format!("rate = 0.5\n{}", function(1))).unwrap_err().contains("the rate must be"));
    assert!(read(&format!("speed = 1\n{}", function(1))).unwrap_err().contains("unknown field `speed`"));
}
