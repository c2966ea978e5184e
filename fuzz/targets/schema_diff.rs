//! Two declarations, `{"a": ..., "b": ...}` or bodies of one table each: comparing them never panics, and a
//! declaration has no difference to itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mayfly_fuzz::sketch;
use mayfly_schema::{Declared, Node, Rules, compare};

fn read(node: &Node) -> Option<Declared> {
    let table = Node::Object(vec![("t".to_owned(), node.clone())]);
    let whole =
        if node.get("tables").is_some() { node } else { &Node::Object(vec![("tables".to_owned(), table)]) };
    Declared::parse(whole, &Rules { tables_max: Some(50), ..Rules::default() }).ok()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(pair) = Node::read(text) else { return };
    let Some((a, b)) = pair.get("a").and_then(read).zip(pair.get("b").and_then(read)) else { return };
    let (from, to) = (sketch(&a), sketch(&b));
    for online in [false, true] {
        let plan = compare(&from, &to, &b, online);
        assert!(plan.steps.iter().all(|step| !step.sql.contains('\0') && !step.description.is_empty()));
        for (catalog, declared) in [(&from, &a), (&to, &b)] {
            let plan = compare(catalog, catalog, declared, online);
            // Checks that are not validated, and indexes whose build was interrupted, are to be finished.
            let is_whole = |it: &mayfly_schema::catalog::Table| {
                it.constraints.values().all(|it| it.validated) && it.indexes.values().all(|it| it.valid)
            };
            assert!(plan.is_empty() || !catalog.tables.values().all(is_whole), "{plan:#?}");
        }
    }
});
