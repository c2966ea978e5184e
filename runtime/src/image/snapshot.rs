//! Snapshots: a linear memory as a module that has nothing else, which is the portable form of an image.

use wasm_encoder::{ConstExpr, DataSection, MemorySection, Module};
use wasmparser::Payload;

use super::memory::{memory_export, memory_type};

// The machine's page: what copy-on-write shares or copies at a time.
const PAGE_BYTES: usize = 4096;
const WASM_PAGE_BYTES: usize = 65_536;

/// The image of `memory`, whose first `stack_bytes` are a stack at rest: garbage that no call will read.
pub(crate) fn snapshot(memory: &[u8], stack_bytes: usize) -> Vec<u8> {
    let mut module = Module::new();
    let mut memories = MemorySection::new();
    memories.memory(memory_type((memory.len() / WASM_PAGE_BYTES) as u64));
    module.section(&memories);
    module.section(&memory_export());
    let mut data = DataSection::new();
    for run in filled_runs(memory, stack_bytes) {
        data.active(0, &ConstExpr::i32_const(run.start as i32), memory[run].iter().copied());
    }
    module.section(&data);
    module.finish()
}

/// The memory that an image's bytes make, of at most `bytes_max`.
pub(crate) fn memory_of(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, &'static str> {
    check(bytes)?;
    let mut memory = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        match payload.map_err(|_| "it is no module")? {
            Payload::MemorySection(section) => {
                let first = section.into_iter().next().and_then(Result::ok).ok_or("it has no memory")?;
                let pages = usize::try_from(first.initial).map_err(|_| "its memory is too large")?;
                let length = pages.checked_mul(WASM_PAGE_BYTES).filter(|length| *length <= bytes_max);
                memory = vec![0; length.ok_or("its memory is too large")?];
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data.map_err(|_| "its data is malformed")?;
                    let wasmparser::DataKind::Active { memory_index: 0, offset_expr } = data.kind else {
                        return Err("its data is malformed");
                    };
                    let Ok(wasmparser::Operator::I32Const { value }) =
                        offset_expr.get_operators_reader().read()
                    else {
                        return Err("its data is malformed");
                    };
                    let start = value as u32 as usize;
                    let place = memory.get_mut(start..start + data.data.len());
                    place.ok_or("its data is malformed")?.copy_from_slice(data.data);
                }
            }
            _ => {}
        }
    }
    Ok(memory)
}

/// Whether these bytes are an image and nothing else: a memory and its data, no code.
pub(crate) fn check(bytes: &[u8]) -> Result<(), &'static str> {
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        match payload.map_err(|_| "it is no module")? {
            Payload::Version { .. }
            | Payload::MemorySection(_)
            | Payload::ExportSection(_)
            | Payload::DataSection(_)
            | Payload::End(_) => {}
            _ => return Err("it has more than a memory and its data"),
        }
    }
    Ok(())
}

/// Where whole pages in a row are not all zeroes.
fn filled_runs(memory: &[u8], skip: usize) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    let mut start = skip.next_multiple_of(PAGE_BYTES).min(memory.len());
    if skip < start {
        // The page in which the stack ends belongs to the data above it.
        start -= PAGE_BYTES;
    }
    while start < memory.len() {
        let end = (start + PAGE_BYTES).min(memory.len());
        if memory[start..end].iter().any(|byte| *byte != 0) {
            match runs.last_mut() {
                Some(run) if run.end == start => run.end = end,
                _ => runs.push(start..end),
            }
        }
        start = end;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_filled_pages_are_kept() {
        let mut memory = vec![0; 4 * WASM_PAGE_BYTES];
        memory[0] = 1;
        memory[3 * PAGE_BYTES] = 1;
        memory[4 * PAGE_BYTES + 7] = 1;
        let last = memory.len() - 1;
        memory[last] = 1;
        assert_eq!(
            filled_runs(&memory, 2 * PAGE_BYTES),
            vec![3 * PAGE_BYTES..5 * PAGE_BYTES, last + 1 - PAGE_BYTES..last + 1]
        );
        let image = snapshot(&memory, 0);
        assert!(wasmparser::validate(&image).is_ok());
        assert_eq!(check(&image), Ok(()));
        assert!(check(b"not a module").is_err());
        assert_eq!(memory_of(&image, memory.len()), Ok(memory.clone()));
        assert_eq!(memory_of(&image, memory.len() - 1), Err("its memory is too large"));
        assert_eq!(memory_of(b"not a module", 1 << 20), Err("it is no module"));
    }
}
