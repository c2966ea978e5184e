//! Hostile images: whatever the bytes of functions say, the answer is a refusal or a module that validates.

use proptest::prelude::*;

use super::layout::Layout;
use super::module::translate;
use super::read::{Bytecode, Picture, functions_of};
use super::{MEMORY_BYTES_MAX, NativeError, memory_of};
use crate::compile::source_map::MODULE_NAME;
use crate::engine::{Engine, EngineConfig};
use crate::{Build, Source};

const PROGRAM: &str = "
    class A { #p = 1; constructor(x) { this.x = x; } m(y) { return this.x + y + this.#p; } }
    function loop(n) { let s = 0; for (let i = 0; i < n; i++) { s = (s * 31 + i) | 0; } return s; }
    function all(a, b) { let t = ''; for (const x of a) { try { t += x.y[b] ?? typeof x; } catch (e) { t = e; } finally { b++; } }
      for (const k in b) { if (k in a) delete a[k]; } return { t, [b]: [...a, b], f: () => t + b, g: /x/.test(b) }; }
    function floats(a, b) { while (a < b && !(a === 3)) { a = a * 1.5 - b / 2 % 3; a ^= b >>> 1; } return a ** b; }
    export function handler() { return Response.json([loop(3), new A(2).m(1), all([{ y: [1] }], 0), floats(1, 2)]); }";

struct Made {
    layout: Layout,
    memory: Vec<u8>,
    functions: Vec<u32>,
}

fn made() -> &'static Made {
    static MADE: std::sync::OnceLock<Made> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let engine = Engine::new(EngineConfig::new(directory.path())).await.unwrap();
            let source = Source { file_name: "f.js".to_owned(), code: PROGRAM.to_owned(), source_map: None };
            let Build { image, .. } = engine.build(&source).await.unwrap();
            let memory = memory_of(&image, MEMORY_BYTES_MAX).unwrap();
            let layout = engine.layout().clone();
            let functions = functions_of(Picture::new(&memory), &layout, MODULE_NAME).unwrap();
            Made { layout, memory, functions }
        })
    })
}

/// What the translator makes of a changed memory; a module must be valid.
fn translated(memory: &[u8]) -> Result<usize, NativeError> {
    let Made { layout, functions, .. } = made();
    let translated = translate(memory, layout, functions, 1 << 20)?;
    if let Err(error) = wasmparser::validate(&translated.wasm) {
        panic!("a module that does not validate: {error}");
    }
    Ok(translated.functions.len())
}

#[test]
fn the_compilers_digest_is_of_all_of_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/compile");
    let mut expected = vec![folder.join("native.rs")];
    for folder in [folder.join("native"), folder.join("native/emit")] {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let other = ["tests.rs", "error.rs"];
        expected
            .extend(files.filter(|file| file.is_file() && !other.iter().any(|name| file.ends_with(name))));
    }
    let mut texts: Vec<String> = expected.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    texts.sort();
    let mut known = super::SOURCES.to_vec();
    known.sort_unstable();
    assert_eq!(known, texts);
}

#[test]
fn a_program_is_compiled_whole() {
    assert!(made().functions.len() >= 8, "{:?}", made().functions);
    assert_eq!(translated(&made().memory), Ok(made().functions.len()));
}

#[test]
fn an_image_without_a_runtime_is_refused() {
    let layout = &made().layout;
    assert_eq!(
        translate(&[], layout, &[8], 1).unwrap_err(),
        NativeError::Malformed("an address outside of the memory")
    );
    let empty = vec![0; made().memory.len()];
    assert_eq!(translated(&empty).unwrap_err(), NativeError::Malformed("it has no runtime"));
    let mut endless = made().memory.clone();
    // A list of objects that leads to itself.
    let first = made().functions[0] as usize;
    endless[first + 4..first + 8].copy_from_slice(&made().functions[0].to_le_bytes());
    let found = functions_of(Picture::new(&endless), layout, MODULE_NAME);
    assert_eq!(found.unwrap_err(), NativeError::Malformed("its objects do not end"));
}

#[test]
fn addresses_that_are_no_functions_are_refused() {
    let Made { layout, memory, .. } = made();
    for address in [0, 1, 7, 8, 4096, memory.len() as u32 - 4, memory.len() as u32, u32::MAX] {
        assert!(Bytecode::read(Picture::new(memory), layout, address).is_err(), "{address}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytecode_is_refused_or_becomes_a_valid_module(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let Made { layout, memory, functions } = made();
        let address = functions[which.index(functions.len())];
        let function = Bytecode::read(Picture::new(memory), layout, address).unwrap();
        let mut memory = memory.clone();
        for (at, byte) in edits {
            memory[function.code_address as usize + at.index(function.code.len())] = byte;
        }
        drop(translated(&memory));
    }

    #[test]
    fn any_function_object_is_refused_or_becomes_a_valid_module(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((0_usize..96, any::<u8>()), 1..4),
    ) {
        let Made { memory, functions, .. } = made();
        let address = functions[which.index(functions.len())] as usize;
        let mut memory = memory.clone();
        for (at, byte) in edits {
            memory[address - 8 + at] = byte;
        }
        drop(translated(&memory));
    }
}
