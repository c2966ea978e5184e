//! `mayfly dev`: everything in a folder is deployed, and again when it changes.

use crate::process::{Mayfly, directory, get};

#[test]
fn a_folder_is_served_changed_and_served_again_under_the_same_address() {
    let (data, dir) = (directory(), directory());
    let write = |file: &str, text: &str| {
        let path = dir.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let say = |word: &str| format!("export default () => new Response('{word}' as string);\n");
    write("hello/index.ts", &say("one"));
    write(
        "hello/function.json",
        r#"{"trigger": {"type": "http", "config": {"auth": "none"}}, "try": ["curl '$URL'"]}"#,
    );
    write("broken.ts", "export default () => { let = 1 }");
    write(
        "rows/index.ts",
        "export default async (r, ctx) => Response.json((await ctx.db.query('SELECT n FROM t')).rows)",
    );
    write("rows/schema.sql", "CREATE TABLE t (n int); INSERT INTO t VALUES (7);");

    let args = ["dev", dir.path().to_str().unwrap(), "--name", "demo"];
    let mut server = Mayfly::start(&args, data.path());
    server.line_with("let = 1");
    let call = server.line_with("curl 'http");
    let url = call.trim_start_matches("curl '").trim_end_matches('\'').to_owned();
    assert!(get(&url).ends_with("\r\n\r\none"), "{}", get(&url));

    write("hello/index.ts", &say("two"));
    server.line_with("hello v2");
    assert!(get(&url).ends_with("\r\n\r\ntwo"));

    write("hello/index.ts", "export default () => { return }}");
    server.line_with("return }}");
    assert!(get(&url).ends_with("\r\n\r\ntwo"), "the version before serves on");

    write("new.js", "export default () => new Response('new')");
    server.line_with("new v1");
    std::fs::remove_file(dir.path().join("new.js")).unwrap();
    server.line_with("new is deleted");

    write("hello/index.ts", "export default () => { console.log('heard'); throw new Error('boom') }");
    server.line_with("hello v3");
    get(&url);
    server.line_with("hello   log heard");
    server.line_with("hello: the function threw Error: boom");
    let running = data.path().join("dev/demo.running.json");
    assert!(std::fs::read_to_string(&running).unwrap().contains("\"app\""), "other commands find it");
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(0));
    assert!(!running.exists());

    write("hello/index.ts", &say("three"));
    let mut server = Mayfly::start(&args, data.path());
    let again = server.line_with("curl 'http");
    let path = |url: &str| url.split("/v1/").nth(1).unwrap().trim_end_matches('\'').to_owned();
    assert_eq!(path(&again), path(&url), "the app and its keys are kept");
    assert!(!server.seen.iter().any(|line| line.contains("schema.sql applied")), "it was applied before");
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(0));
}
