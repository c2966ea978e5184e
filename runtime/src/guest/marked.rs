//! The guest's module with marks at what it reads and writes: for measuring what invocations touch.

use std::collections::VecDeque;
use std::ops::Range;

use wasm_encoder::{CodeSection, Encode, Instruction, MemArg, Module, RawSection, ValType};
use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload};

/// The bytes that a mark stands for.
const GRANULE_BYTES: usize = 16;
/// Small invocations have less memory.
const MARKED_BYTES: usize = 8 << 20;
const MARKS: usize = MARKED_BYTES / GRANULE_BYTES;
const READ: usize = 0;
const WRITTEN: usize = 1;
/// Marks lie in the part of the stack that only deep recursion comes to, so that everything else is where it always is: of each
/// kind a byte for each granule. Images do not have that part, so that there are no marks at first.
const MARKS_START: usize = 64 << 10;
/// What a mark is set to lies here: none is set while it is 0.
pub(crate) const MARK_ADDRESS: usize = MARKS_START - 1;

/// Which memory an invocation has read, and to which it has written: addresses of granules.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Touched {
    /// Read.
    pub read: Vec<usize>,
    /// Written to, even if the same as before stands there afterwards.
    pub written: Vec<usize>,
}

impl Touched {
    /// Out of the memory of an invocation that has ended.
    pub(crate) fn of(memory: &[u8]) -> Self {
        let granules = |kind: usize| {
            let marks = memory.get(marks(kind)).unwrap_or_default();
            let set = marks.iter().enumerate().filter(|(_, mark)| **mark != 0);
            set.map(|(granule, _)| granule * GRANULE_BYTES).collect()
        };
        Self { read: granules(READ), written: granules(WRITTEN) }
    }
}

fn marks(kind: usize) -> Range<usize> {
    let start = MARKS_START + kind * MARKS;
    start..start + MARKS
}

/// The module, marking what it touches. Its functions keep their numbers, and its allocations their order.
pub(crate) fn marked(wasm: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut types = Vec::new();
    let mut functions = VecDeque::new();
    let mut bodies = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::CodeSectionStart { count, .. } => {
                bodies = *count;
                continue;
            }
            Payload::CodeSectionEntry(body) => {
                let ty: u32 = functions.pop_front().unwrap_or_default();
                let parameters = types.get(ty as usize).copied().unwrap_or_default();
                code.raw(&marked_body(wasm, body, parameters)?);
                if code.len() == bodies {
                    module.section(&code);
                }
                continue;
            }
            Payload::TypeSection(section) => {
                for ty in section.clone().into_iter_err_on_gc_types() {
                    types.push(ty?.params().len() as u32);
                }
            }
            Payload::FunctionSection(section) => {
                functions = section.clone().into_iter().collect::<Result<_, _>>()?;
            }
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: wasm.get(range).unwrap_or_default() });
        }
    }
    Ok(module.finish())
}

/// The locals that each function gets beside its own: three addresses, and a value of each type that is stored.
const SPARE: [ValType; 8] = [
    ValType::I32,
    ValType::I32,
    ValType::I32,
    ValType::I32,
    ValType::I64,
    ValType::F32,
    ValType::F64,
    ValType::V128,
];

fn marked_body(wasm: &[u8], body: &FunctionBody<'_>, parameters: u32) -> Result<Vec<u8>, BinaryReaderError> {
    let groups = body.get_locals_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let spare = parameters + groups.iter().map(|(count, _)| count).sum::<u32>();
    let mut operators = body.get_operators_reader()?;
    let described = wasm.get(body.range().start..operators.original_position()).unwrap_or_default();
    // Behind the number of groups, which is another now.
    let number = described.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let mut bytes = Vec::new();
    ((groups.len() + SPARE.len()) as u32).encode(&mut bytes);
    bytes.extend_from_slice(described.get(number..).unwrap_or_default());
    for ty in SPARE {
        1_u32.encode(&mut bytes);
        ty.encode(&mut bytes);
    }
    while !operators.eof() {
        let from = operators.original_position();
        for instruction in marking(&operators.read()?, spare) {
            instruction.encode(&mut bytes);
        }
        bytes.extend_from_slice(wasm.get(from..operators.original_position()).unwrap_or_default());
    }
    Ok(bytes)
}

/// What marks the memory that an instruction uses; its operands are on the stack, and are there again afterwards.
fn marking(operator: &Operator<'_>, spare: u32) -> Vec<Instruction<'static>> {
    let [address, source, length] = [spare, spare + 1, spare + 2];
    if let Some(offset) = loaded_at(operator) {
        return [vec![Instruction::LocalTee(address)], mark(address, offset, READ)].concat();
    }
    if let Some((offset, value)) = stored_at(operator) {
        let value = SPARE.iter().skip(3).position(|ty| *ty == value).unwrap_or_default() as u32 + spare + 3;
        let before = vec![Instruction::LocalSet(value), Instruction::LocalTee(address)];
        return [before, mark(address, offset, WRITTEN), vec![Instruction::LocalGet(value)]].concat();
    }
    let operands = [address, source, length];
    let aside = operands.map(Instruction::LocalSet).into_iter().rev().collect();
    let back = operands.map(Instruction::LocalGet).to_vec();
    // Their first granule: it says which allocation it is.
    let written = mark(address, 0, WRITTEN);
    match operator {
        Operator::MemoryFill { .. } => [aside, written, back].concat(),
        Operator::MemoryCopy { .. } => [aside, written, mark(source, 0, READ), back].concat(),
        _ => Vec::new(),
    }
}

fn mark(address: u32, offset: u64, kind: usize) -> Vec<Instruction<'static>> {
    let byte = |offset: usize| MemArg { offset: offset as u64, align: 0, memory_index: 0 };
    vec![
        Instruction::LocalGet(address),
        Instruction::I32Const(offset as u32 as i32),
        Instruction::I32Add,
        Instruction::I32Const((MARKED_BYTES - 1) as i32),
        Instruction::I32And,
        Instruction::I32Const(GRANULE_BYTES.ilog2() as i32),
        Instruction::I32ShrU,
        Instruction::I32Const(0),
        Instruction::I32Load8U(byte(MARK_ADDRESS)),
        Instruction::I32Store8(byte(marks(kind).start)),
    ]
}

/// The offset of a load: its address is on top of the stack.
fn loaded_at(operator: &Operator<'_>) -> Option<u64> {
    match operator {
        Operator::I32Load { memarg }
        | Operator::I64Load { memarg }
        | Operator::F32Load { memarg }
        | Operator::F64Load { memarg }
        | Operator::I32Load8S { memarg }
        | Operator::I32Load8U { memarg }
        | Operator::I32Load16S { memarg }
        | Operator::I32Load16U { memarg }
        | Operator::I64Load8S { memarg }
        | Operator::I64Load8U { memarg }
        | Operator::I64Load16S { memarg }
        | Operator::I64Load16U { memarg }
        | Operator::I64Load32S { memarg }
        | Operator::I64Load32U { memarg }
        | Operator::V128Load { memarg }
        | Operator::V128Load8x8S { memarg }
        | Operator::V128Load8x8U { memarg }
        | Operator::V128Load16x4S { memarg }
        | Operator::V128Load16x4U { memarg }
        | Operator::V128Load32x2S { memarg }
        | Operator::V128Load32x2U { memarg }
        | Operator::V128Load8Splat { memarg }
        | Operator::V128Load16Splat { memarg }
        | Operator::V128Load32Splat { memarg }
        | Operator::V128Load64Splat { memarg }
        | Operator::V128Load32Zero { memarg }
        | Operator::V128Load64Zero { memarg } => Some(memarg.offset),
        _ => None,
    }
}

/// The offset of a store, and the type of its value, which is on top of the address.
fn stored_at(operator: &Operator<'_>) -> Option<(u64, ValType)> {
    match operator {
        Operator::I32Store { memarg } | Operator::I32Store8 { memarg } | Operator::I32Store16 { memarg } => {
            Some((memarg.offset, ValType::I32))
        }
        Operator::I64Store { memarg }
        | Operator::I64Store8 { memarg }
        | Operator::I64Store16 { memarg }
        | Operator::I64Store32 { memarg } => Some((memarg.offset, ValType::I64)),
        Operator::F32Store { memarg } => Some((memarg.offset, ValType::F32)),
        Operator::F64Store { memarg } => Some((memarg.offset, ValType::F64)),
        Operator::V128Store { memarg } => Some((memarg.offset, ValType::V128)),
        _ => None,
    }
}
