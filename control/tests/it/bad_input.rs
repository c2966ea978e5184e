//! Folders and packages that are not as they should be: each is refused with its place, or works.

use std::path::Path;
use std::process::{Command, Output};

use crate::process::{Mayfly, command, directory};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn put(file: &Path, content: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, content).unwrap();
}

/// A package of one or more files; its `package.json` has these members beside its name.
fn package(dir: &Path, name: &str, members: &str, files: &[(&str, &str)]) {
    let folder = dir.join("node_modules").join(name);
    put(
        &folder.join("package.json"),
        &format!(r#"{{ "name": "{name}", "version": "1.0.0", "type": "module"{members} }}"#),
    );
    for (file, content) in files {
        put(&folder.join(file), content);
    }
}

/// A function that answers with a package's default export, by way of a file of its own.
fn function(dir: &Path, name: &str) {
    let entry = "import { helper } from './helper.ts';\nexport default () => Response.json(helper());\n";
    put(&dir.join(name).join("index.ts"), entry);
    let helper = format!("import value from '{name}-package';\nexport const helper = () => value;\n");
    put(&dir.join(name).join("helper.ts"), &helper);
}

#[allow(clippy::print_stderr, reason = "a skipped test must be reported")]
fn has_npm() -> bool {
    let found = Command::new("npm").arg("--version").output().is_ok_and(|npm| npm.status.success());
    if !found {
        eprintln!("SKIPPED: bad input to the bundler is not tested, because there is no npm on this machine");
    }
    found
}

#[test]
fn packages_that_are_not_as_they_should_be_are_refused_with_their_place_or_work() {
    if !has_npm() {
        return;
    }
    let (data, folder, outside) = (directory(), directory(), directory());
    let dir = folder.path();
    let main = r#", "main": "index.js""#;
    package(
        dir,
        "loops-package",
        main,
        &[("index.js", "import './inner.js';\nexport default 1;"), ("inner.js", "for (;;) {}")],
    );
    package(
        dir,
        "slow-package",
        main,
        &[("index.js", "let x = 0;\nfor (let i = 0; i < 1e9; i++) x += i;\nexport default x;")],
    );
    let map = format!(
        r#"{{"version":3,"sources":["a.ts"],"sourcesContent":["{}"],"names":[],"mappings":"AAAA"}}"#,
        "x".repeat(20 << 20)
    );
    package(
        dir,
        "mapped-package",
        main,
        &[("index.js", "export default 7;\n//# sourceMappingURL=index.js.map"), ("index.js.map", &map)],
    );
    package(dir, "nowhere-package", r#", "exports": { ".": "./gone.js" }"#, &[]);
    let (one, other) = (
        "import { b } from './b.js';\nexport const a = () => 'a' + b();\nexport default a();",
        "import { a } from './index.js';\nexport const b = () => typeof a;",
    );
    package(dir, "circle-package", main, &[("index.js", one), ("b.js", other)]);
    let (one, other) = (
        "import { b } from './b.js';\nexport const a = { n: 1 };\nexport default b;",
        "import { a } from './index.js';\nexport const b = a.n + 1;",
    );
    package(dir, "early-package", main, &[("index.js", one), ("b.js", other)]);
    package(
        dir,
        "module-package",
        main,
        &[("index.js", "import m from './m.wasm';\nexport default m;"), ("m.wasm", "\0asm")],
    );
    put(&dir.join("without.ts"), "export default () => Response.json(typeof WebAssembly);");
    package(dir, "twice", main, &[("index.js", "export default 1;")]);
    package(dir, "versions-package", main, &[("index.js", "import v from 'twice';\nexport default v;")]);
    package(&dir.join("node_modules/versions-package"), "twice", main, &[("index.js", "export default 2;")]);
    for name in ["loops", "slow", "mapped", "nowhere", "circle", "early", "module", "missing"] {
        function(dir, name);
    }
    put(
        &dir.join("versions/index.ts"),
        "import v from 'twice';\nimport w from 'versions-package';\nexport default () => Response.json([v, w]);",
    );
    put(&outside.path().join("secret.ts"), "export default 'outside';");
    put(&dir.join("link/index.ts"), "import x from './out.ts';\nexport default () => Response.json(x);");
    std::os::unix::fs::symlink(outside.path().join("secret.ts"), dir.join("link/out.ts")).unwrap();
    put(&dir.join("mit Leerzeichen – ünïcode/ä b.ts"), "export const x = 'ok';");
    put(
        &dir.join("mit Leerzeichen – ünïcode/named/index.ts"),
        "import { x } from '../ä b.ts';\nexport default () => Response.json(x);",
    );

    let empty = directory();
    let mut server = Mayfly::start(&["dev", empty.path().to_str().unwrap()], data.path());
    server.line_with("watching for changes");
    let verb = |args: &[&str]| -> Output { command(args).current_dir(empty.path()).output().unwrap() };
    let deploy = |path: &str| verb(&["deploy", dir.join(path).to_str().unwrap()]);
    for (name, said) in [
        (
            "loops",
            &[
                "used 2000 ms of CPU time",
                "loops-package/inner.js:1:",
                "loops/index.ts > ",
                "loops-package/index.js > ",
            ][..],
        ),
        ("slow", &["used 2000 ms of CPU time", "slow-package/index.js:2:", "slow/helper.ts > "]),
        (
            "nowhere",
            &["./gone.js", "names a file that it does not have", "nowhere/index.ts > ", "nowhere/helper.ts"],
        ),
        ("early", &["reading 'n'", "b.js:2:", "import each other", "b.js > ", "early-package/index.js > "]),
        ("module", &["functions have no WebAssembly", "module-package/index.js:1:", "module/helper.ts > "]),
        ("missing", &["npm install missing-package", "missing/index.ts > ", "missing/helper.ts:1:"]),
    ] {
        let refused = deploy(name);
        assert_ne!(refused.status.code(), Some(0), "{name}");
        for part in said {
            assert!(
                text(&refused.stderr).contains(part),
                "{name} does not say {part}: {}",
                text(&refused.stderr)
            );
        }
    }
    for (path, name, answer) in [
        // A map that is too large is left out: the places in stacks are the bundle's.
        ("mapped", "mapped", "7"),
        ("circle", "circle", "afunction"),
        ("versions", "versions", "[1,2]"),
        ("without.ts", "without", "undefined"),
        // What is imported is what the author's own machine reads, wherever a link leads.
        ("link", "link", "outside"),
        ("mit Leerzeichen – ünïcode/named", "named", "ok"),
    ] {
        let deployed = deploy(path);
        assert_eq!(deployed.status.code(), Some(0), "{path}: {}", text(&deployed.stderr));
        assert_eq!(text(&verb(&["invoke", name]).stdout).trim(), answer, "{path}");
    }

    // Without a network, and without a bundler, the error says what to install.
    let home = directory();
    let offline = command(&["deploy", dir.join("versions").to_str().unwrap()])
        .current_dir(empty.path())
        .env_remove("XDG_CACHE_HOME")
        .env("HOME", home.path())
        .envs([
            ("npm_config_registry", "http://127.0.0.1:9"),
            ("npm_config_fetch_retries", "0"),
            ("npm_config_offline", "true"),
        ])
        .output()
        .unwrap();
    assert_ne!(offline.status.code(), Some(0));
    let said = text(&offline.stderr);
    assert!(
        said.contains("npm could not install it") && said.contains("`npm install --save-dev esbuild`"),
        "{said}"
    );
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(0));
}
