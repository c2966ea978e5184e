//! Writes modules: the plugin with another memory, a function's module beside it, and both as one.
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, Encode as _, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, ImportSection, MemorySection, MemoryType, RawSection,
    TypeSection, ValType,
};
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// The plugin's namespace for modules that are linked to it.
pub(in crate::ways) const NAMESPACE: &str = "javy-default-plugin-v3";

const PAGE: usize = 65_536;

/// Shorter runs of zeros stay within a segment.
const GAP: usize = 256;

const ID_TYPE: u8 = 1;
const ID_FUNCTION: u8 = 3;
const ID_MEMORY: u8 = 5;
const ID_EXPORT: u8 = 7;
const ID_CODE: u8 = 10;
const ID_DATA: u8 = 11;
const ID_DATA_COUNT: u8 = 12;

/// The same module, with this memory from its start on.
pub(super) fn with_memory(module: &[u8], memory: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let mut data = DataSection::new();
    let mut count = 0;
    for (at, bytes) in runs(memory) {
        data.active(0, &ConstExpr::i32_const(i32::try_from(at)?), bytes.iter().copied());
        count += 1;
    }
    let mut memories = MemorySection::new();
    let minimum = u64::try_from(memory.len() / PAGE)?;
    memories.memory(MemoryType {
        minimum,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut written = wasm_encoder::Module::new();
    for (id, bytes) in sections(module)? {
        match id {
            ID_MEMORY => written.section(&memories),
            ID_DATA_COUNT => continue,
            ID_CODE => {
                written.section(&DataCountSection { count });
                written.section(&RawSection { id, data: bytes })
            }
            ID_DATA => written.section(&data),
            id => written.section(&RawSection { id, data: bytes }),
        };
    }
    Ok(written.finish())
}

/// A function's module, which imports the plugin.
pub(in crate::ways) fn dynamic_module(bytecode: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    types.ty().function([ValType::I32; 5], []);
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    let any = MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None };
    imports.import(NAMESPACE, "memory", EntityType::Memory(any));
    imports.import(NAMESPACE, "cabi_realloc", EntityType::Function(0));
    imports.import(NAMESPACE, "invoke", EntityType::Function(1));
    let mut functions = FunctionSection::new();
    functions.function(2);
    let mut exports = ExportSection::new();
    exports.export("_start", ExportKind::Func, 2);
    let mut code = CodeSection::new();
    code.function(&start(0, 1, 0, bytecode.len())?);
    let mut data = DataSection::new();
    data.passive(bytecode.iter().copied());
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&imports).section(&functions).section(&exports);
    module.section(&DataCountSection { count: 1 }).section(&code).section(&data);
    Ok(module.finish())
}

/// The plugin and a function in one module.
pub(in crate::ways) fn static_module(plugin: &[u8], bytecode: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let found = Found::read(plugin)?;
    let body = start(found.realloc, found.invoke, found.segments, bytecode.len())?;
    let mut ty = vec![0x60, 0, 0];
    let mut export = Vec::new();
    "_start".encode(&mut export);
    export.push(0);
    found.functions.encode(&mut export);
    let mut function = Vec::new();
    found.types.encode(&mut function);
    let mut code = Vec::new();
    body.encode(&mut code);
    let mut data = vec![1];
    bytecode.encode(&mut data);
    let mut written = wasm_encoder::Module::new();
    for (id, bytes) in sections(plugin)? {
        let bytes = match id {
            ID_TYPE => appended(bytes, &std::mem::take(&mut ty))?,
            ID_FUNCTION => appended(bytes, &function)?,
            ID_EXPORT => appended(bytes, &export)?,
            ID_CODE => appended(bytes, &code)?,
            ID_DATA => appended(bytes, &data)?,
            ID_DATA_COUNT => {
                let mut count = Vec::new();
                (found.segments + 1).encode(&mut count);
                count
            }
            _ => bytes.to_vec(),
        };
        written.section(&RawSection { id, data: &bytes });
    }
    Ok(written.finish())
}

/// `_start`: the bytecode into the plugin's memory, and `invoke` of it.
fn start(realloc: u32, invoke: u32, segment: u32, length: usize) -> wasmtime::Result<Function> {
    let length = i32::try_from(length)?;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.i32_const(0).i32_const(0).i32_const(1).i32_const(length).call(realloc).local_tee(0);
    code.i32_const(0).i32_const(length).memory_init(0, segment);
    code.local_get(0).i32_const(length).i32_const(0).i32_const(0).i32_const(0).call(invoke).end();
    Ok(function)
}

/// What is known of the plugin.
struct Found {
    types: u32,
    functions: u32,
    segments: u32,
    realloc: u32,
    invoke: u32,
}

impl Found {
    fn read(plugin: &[u8]) -> wasmtime::Result<Self> {
        let mut found = Self { types: 0, functions: 0, segments: 0, realloc: 0, invoke: 0 };
        for payload in Parser::new(0).parse_all(plugin) {
            match payload? {
                Payload::TypeSection(types) => found.types = types.count(),
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        found.functions += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(functions) => found.functions += functions.count(),
                Payload::DataSection(data) => found.segments = data.count(),
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        match (export.kind, export.name) {
                            (ExternalKind::Func, "cabi_realloc") => found.realloc = export.index,
                            (ExternalKind::Func, "invoke") => found.invoke = export.index,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// The sections of a module without custom ones.
fn sections(module: &[u8]) -> wasmtime::Result<Vec<(u8, &[u8])>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Some((id, range)) = payload?.as_section()
            && id != 0
            && let Some(bytes) = module.get(range)
        {
            found.push((id, bytes));
        }
    }
    Ok(found)
}

/// A section with one more entry.
fn appended(section: &[u8], entry: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let mut reader = wasmparser::BinaryReader::new(section, 0);
    let count = reader.read_var_u32()?;
    let mut written = Vec::new();
    (count + 1).encode(&mut written);
    written.extend_from_slice(section.get(reader.original_position()..).unwrap_or_default());
    written.extend_from_slice(entry);
    Ok(written)
}

/// The runs of bytes that are not zero.
fn runs(memory: &[u8]) -> Vec<(usize, &[u8])> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, byte) in memory.iter().enumerate() {
        if *byte == 0 {
            continue;
        }
        match found.last_mut() {
            Some((_, end)) if at - *end < GAP => *end = at + 1,
            _ => found.push((at, at + 1)),
        }
    }
    found.into_iter().filter_map(|(start, end)| Some((start, memory.get(start..end)?))).collect()
}
