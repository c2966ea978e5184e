//! Splits the guest's module into its code, which every tenant shares, and its memory, of which every function has an
//! image of its own.
//!
//! What is not in the memory is not in an image of it, so the checks here are what makes a snapshot whole: no mutable
//! state anywhere else.

use std::borrow::Cow;

use mayfly_abi::node::SECTION;
use mayfly_abi::{MEMORY_IMPORT, STACK_POINTER_EXPORT, TABLE_EXPORT};
use wasm_encoder::{EntityType, ImportSection, MemorySection, Module, RawSection};
use wasmparser::{ExternalKind, Operator, Parser, Payload, TypeRef};

use crate::image::memory::{memory_export, memory_type};

/// The two halves of the guest's module.
#[derive(Debug)]
pub(crate) struct Halves {
    /// The code, importing its memory.
    pub(crate) engine: Vec<u8>,
    /// The memory as the module's data segments leave it, exported: the first image.
    pub(crate) memory: Vec<u8>,
    /// Where the stack ends at rest: everything below is garbage of finished calls.
    pub(crate) stack_bytes: usize,
}

/// Why a module cannot be split.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SplitError {
    #[error("the guest module is not valid: {0}")]
    Invalid(#[from] wasmparser::BinaryReaderError),
    #[error("the guest module {0}")]
    Refused(&'static str),
}

/// Splits the module and checks that its memory is all the state it has.
pub(crate) fn split(wasm: &[u8]) -> Result<Halves, SplitError> {
    let initial = memory_pages(wasm)?;
    let stack_bytes = check_globals(wasm)?;
    check_exports(wasm)?;
    check_code(wasm)?;
    Ok(Halves { engine: engine_half(wasm, initial)?, memory: memory_half(wasm, initial)?, stack_bytes })
}

/// The script of Node's modules, which lies beside the code and the memory.
pub(crate) fn library(wasm: &[u8]) -> &[u8] {
    let section = Parser::new(0).parse_all(wasm).find_map(|payload| match payload {
        Ok(Payload::CustomSection(section)) if section.name() == SECTION => Some(section.data()),
        _ => None,
    });
    section.unwrap_or_default()
}

fn memory_pages(wasm: &[u8]) -> Result<u64, SplitError> {
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::MemorySection(memories) = payload? {
            let mut memories = memories.into_iter();
            return match (memories.next().transpose()?, memories.next()) {
                (Some(memory), None) => Ok(memory.initial),
                _ => Err(SplitError::Refused("must have exactly one memory")),
            };
        }
    }
    Err(SplitError::Refused("has no memory of its own"))
}

/// The stack pointer is the only mutable global, and it rests at the end of the stack.
fn check_globals(wasm: &[u8]) -> Result<usize, SplitError> {
    let mut stack = None;
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::GlobalSection(globals) = payload? else { continue };
        for global in globals {
            let global = global?;
            if !global.ty.mutable {
                continue;
            }
            let value = global.init_expr.get_operators_reader().read()?;
            let Operator::I32Const { value } = value else {
                return Err(SplitError::Refused("has a mutable global that is not an i32"));
            };
            if stack.replace(value as usize).is_some() {
                return Err(SplitError::Refused("has a mutable global beside the stack pointer"));
            }
        }
    }
    stack.ok_or(SplitError::Refused("has no stack pointer"))
}

/// Beside functions and its memory the module shares its stack pointer and its table with compiled functions, and nothing
/// else: an instance of it can be changed by no one but them.
fn check_exports(wasm: &[u8]) -> Result<(), SplitError> {
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::ExportSection(exports) = payload? else { continue };
        for export in exports {
            let export = export?;
            let is_shared = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact | ExternalKind::Memory => true,
                ExternalKind::Global => export.name == STACK_POINTER_EXPORT,
                ExternalKind::Table => export.name == TABLE_EXPORT,
                ExternalKind::Tag => false,
            };
            if !is_shared {
                return Err(SplitError::Refused(
                    "exports something else than functions, its stack and its table",
                ));
            }
        }
    }
    Ok(())
}

/// Tables and segments must not change either.
fn check_code(wasm: &[u8]) -> Result<(), SplitError> {
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::CodeSectionEntry(body) => {
                let mut operators = body.get_operators_reader()?;
                while !operators.eof() {
                    check_operator(&operators.read()?)?;
                }
            }
            Payload::StartSection { .. } => return Err(SplitError::Refused("has a start function")),
            _ => {}
        }
    }
    Ok(())
}

fn check_operator(operator: &Operator<'_>) -> Result<(), SplitError> {
    match operator {
        Operator::TableSet { .. }
        | Operator::TableGrow { .. }
        | Operator::TableFill { .. }
        | Operator::TableCopy { .. }
        | Operator::TableInit { .. }
        | Operator::ElemDrop { .. } => Err(SplitError::Refused("changes its table")),
        Operator::MemoryInit { .. } | Operator::DataDrop { .. } => {
            Err(SplitError::Refused("has passive data segments"))
        }
        _ => Ok(()),
    }
}

fn engine_half(wasm: &[u8], initial: u64) -> Result<Vec<u8>, SplitError> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::ImportSection(section) => {
                let mut imports = ImportSection::new();
                for import in section.clone().into_imports() {
                    let import = import?;
                    let TypeRef::Func(ty) = import.ty else {
                        return Err(SplitError::Refused("imports something else than functions"));
                    };
                    imports.import(import.module, import.name, EntityType::Function(ty));
                }
                imports.import(MEMORY_IMPORT.0, MEMORY_IMPORT.1, EntityType::Memory(memory_type(initial)));
                module.section(&imports);
            }
            Payload::MemorySection(_)
            | Payload::DataSection(_)
            | Payload::DataCountSection { .. }
            | Payload::CustomSection(_)
            | Payload::CodeSectionEntry(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = wasm.get(range).map_or(Cow::Borrowed(&[][..]), Cow::Borrowed);
                    module.section(&RawSection { id, data: &data });
                }
            }
        }
    }
    Ok(module.finish())
}

fn memory_half(wasm: &[u8], initial: u64) -> Result<Vec<u8>, SplitError> {
    let mut module = Module::new();
    let mut memories = MemorySection::new();
    memories.memory(memory_type(initial));
    module.section(&memories);
    module.section(&memory_export());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let (Payload::DataSection(_), Some((id, range))) = (&payload, payload.as_section()) {
            module.section(&RawSection { id, data: wasm.get(range).unwrap_or_default() });
        }
    }
    Ok(module.finish())
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
        GlobalType, Instruction, TypeSection, ValType,
    };

    use super::*;

    fn module(mutable_globals: usize, body: &[Instruction<'_>]) -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        module.section(&types);
        let mut functions = FunctionSection::new();
        functions.function(0);
        module.section(&functions);
        let mut memories = MemorySection::new();
        memories.memory(memory_type(1));
        module.section(&memories);
        let mut globals = GlobalSection::new();
        for _ in 0..mutable_globals {
            let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
            globals.global(ty, &ConstExpr::i32_const(1024));
        }
        module.section(&globals);
        let mut code = CodeSection::new();
        let mut function = Function::new([]);
        for instruction in body {
            function.instruction(instruction);
        }
        function.instruction(&Instruction::End);
        code.function(&function);
        module.section(&code);
        module.finish()
    }

    #[test]
    fn a_module_whose_state_is_its_memory_is_split() {
        let halves = split(&module(1, &[])).unwrap();
        assert_eq!(halves.stack_bytes, 1024);
        assert!(wasmparser::validate(&halves.engine).is_ok());
        assert!(wasmparser::validate(&halves.memory).is_ok());
    }

    #[test]
    fn state_outside_the_memory_is_refused() {
        assert!(matches!(split(&module(0, &[])), Err(SplitError::Refused(_))));
        assert!(matches!(split(&module(2, &[])), Err(SplitError::Refused(_))));
        assert!(matches!(split(&module(1, &[Instruction::ElemDrop(0)])), Err(SplitError::Refused(_))));
        assert!(matches!(split(&module(1, &[Instruction::DataDrop(0)])), Err(SplitError::Refused(_))));
    }

    #[test]
    fn only_the_stack_pointer_and_the_table_are_shared() {
        for (name, kind, shared) in [
            (STACK_POINTER_EXPORT, ExportKind::Global, true),
            (TABLE_EXPORT, ExportKind::Table, true),
            ("other", ExportKind::Global, false),
            ("other", ExportKind::Table, false),
            (TABLE_EXPORT, ExportKind::Global, false),
            (STACK_POINTER_EXPORT, ExportKind::Tag, false),
            ("f", ExportKind::Func, true),
        ] {
            let mut module = Module::new();
            let mut exports = ExportSection::new();
            exports.export(name, kind, 0);
            module.section(&exports);
            assert_eq!(check_exports(&module.finish()).is_ok(), shared, "{name} {kind:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_module_are_refused() {
        assert!(split(b"").is_err());
        assert!(split(b"\0asm\x01\0\0\0").is_err());
    }
}
