//! An untrusted declaration: it is parsed or refused with a path, and a parsed one can be rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mayfly_fuzz::sketch;
use mayfly_schema::{Declared, Rules, typescript, write};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let rules = Rules { tables_max: Some(50), reserved: vec!["_reserved".to_owned()], ..Rules::default() };
    match Declared::read(text, &rules) {
        Ok(declared) => {
            typescript::render(&declared);
            // A serialised declaration parses again.
            let written = write::write(&sketch(&declared), true).to_string();
            if let Err(error) = Declared::read(&written, &Rules::default()) {
                panic!("{error}\n{written}");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
