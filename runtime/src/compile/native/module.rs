//! Puts compiled functions together into a module over the engine's memory, stack and table.

use mayfly_abi::{MEMORY_EXPORT, STACK_POINTER_EXPORT, TABLE_EXPORT};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ElementSection, Elements, EntityType, FunctionSection, GlobalType,
    ImportSection, MemArg, MemoryType, Module, RefType, TableSection, TableType, TypeSection, ValType,
};

use super::NativeError;
use super::emit::{Body, Emitter, Numbers, OWN_TABLE, Unit, has_cache};
use super::facts::Facts;
use super::flow::Flow;
use super::layout::Layout;
use super::op::{Op, Placed, decode};
use super::read::{Bytecode, Picture, Roots};

/// The module under which the code imports what is the engine's.
pub(crate) const ENGINE_IMPORT: &str = "engine";
/// Compiled functions of a module, at most: their numbers must fit beside the constructors' bit, and their entries into a table.
pub(crate) const FUNCTIONS_MAX: usize = 1000;
/// Bytes of WebAssembly of a module, at most.
const MODULE_BYTES_MAX: usize = 8 << 20;
/// Functions before those of the image: what gives up a reference, and what the engine enters.
const RELEASE: u32 = 0;
const ENTER: u32 = 1;
const FIRST_FUNCTION: u32 = 2;

/// What was compiled of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Translated {
    pub(crate) wasm: Vec<u8>,
    /// Where an image has a function's number, and which it is.
    pub(crate) numbers: Vec<(u32, u16)>,
    /// The names of the functions.
    pub(crate) functions: Vec<String>,
    /// Their bytecode, in bytes.
    pub(crate) bytecode_bytes: usize,
    /// What was not compiled, and why.
    pub(crate) refused: Vec<(String, NativeError)>,
}

/// A function that is about to be compiled.
struct Prepared {
    function: Bytecode,
    placed: Vec<Placed>,
    flow: Flow,
    facts: Facts,
}

/// Compiles those functions of a memory, as far as their bytecode together stays within `bytecode_max` bytes.
pub(crate) fn translate(
    memory: &[u8],
    layout: &Layout,
    addresses: &[u32],
    bytecode_max: usize,
) -> Result<Translated, NativeError> {
    let picture = Picture::new(memory);
    let mut refused = Vec::new();
    let mut prepared = Vec::new();
    let mut bytecode_bytes = 0;
    for address in addresses {
        let function = match Bytecode::read(picture, layout, *address) {
            Ok(function) => function,
            Err(error) => {
                refused.push((String::new(), error));
                continue;
            }
        };
        let (name, used) = (function.name.clone(), bytecode_bytes + function.code.len());
        let within = if used > bytecode_max {
            Err(NativeError::TooLarge { what: "bytes of bytecode", used, limit: bytecode_max })
        } else if prepared.len() >= FUNCTIONS_MAX {
            let used = prepared.len() + 1;
            Err(NativeError::TooLarge { what: "functions", used, limit: FUNCTIONS_MAX })
        } else {
            prepare(function, layout)
        };
        match within {
            Ok(one) => {
                bytecode_bytes = used;
                prepared.push(one);
            }
            Err(error) => refused.push((name, error)),
        }
    }
    let types = Types::of(layout);
    let unit = Unit {
        layout,
        picture,
        roots: Roots::read(picture, layout)?,
        caches: prepared.iter().map(Prepared::caches).sum(),
        direct_types: types.direct,
        release: RELEASE,
        numbers: Numbers::of(layout)?,
    };
    let mut bodies = Vec::new();
    let mut first_cache = 0;
    for one in &prepared {
        let emitter = Emitter::new(&unit, &one.function, &one.placed, &one.flow, &one.facts, first_cache)?;
        first_cache += one.caches();
        match emitter.finish_function() {
            Ok(body) => bodies.push((one, body)),
            Err(error) => {
                bytecode_bytes -= one.function.code.len();
                refused.push((one.function.name.clone(), error));
            }
        }
    }
    if bodies.is_empty() {
        return Err(NativeError::Unsupported("no function was compiled".to_owned()));
    }
    let wasm = assemble(layout, &types, &bodies);
    if wasm.len() > MODULE_BYTES_MAX {
        let used = wasm.len();
        return Err(NativeError::TooLarge { what: "bytes of WebAssembly", used, limit: MODULE_BYTES_MAX });
    }
    let numbers = bodies.iter().zip(1_u16..).map(|((one, _), number)| {
        let constructor = if one.is_constructor() { layout.values.constructor_bit as u16 } else { 0 };
        (one.function.address + layout.values.code_number, number | constructor)
    });
    Ok(Translated {
        numbers: numbers.collect(),
        functions: bodies.iter().map(|(one, _)| one.function.name.clone()).collect(),
        wasm,
        bytecode_bytes,
        refused,
    })
}

fn prepare(function: Bytecode, layout: &Layout) -> Result<Prepared, NativeError> {
    let placed = decode(&function, layout)?;
    let flow = Flow::of(&placed)?;
    // What is left to the interpreter at once gains nothing.
    let entry = flow.blocks.first().and_then(|block| placed.get(block.first..=block.last));
    if entry.is_some_and(|entry| entry.iter().any(|one| one.op == Op::Leave)) {
        return Err(NativeError::Unsupported("its beginning".to_owned()));
    }
    let facts = Facts::of(&function, &placed, &flow)?;
    Ok(Prepared { function, placed, flow, facts })
}

impl Prepared {
    fn caches(&self) -> u32 {
        self.placed.iter().filter(|one| has_cache(&one.op)).count() as u32
    }

    fn is_constructor(&self) -> bool {
        self.placed.iter().any(|one| one.op == Op::CheckConstructor)
    }
}

/// Where the module's types lie.
struct Types {
    section: TypeSection,
    /// `(this, function, arguments ...) -> value`, from no argument on.
    direct: u32,
    /// `(this, function, address of arguments) -> value`.
    by_memory: u32,
    /// As the engine enters: with the function's number at the end.
    enter: u32,
    release: u32,
}

impl Types {
    fn of(layout: &Layout) -> Self {
        use ValType::{I32, I64};
        let mut section = TypeSection::new();
        for (parameters, results) in &layout.signatures {
            section.ty().function(parameters.iter().copied(), results.iter().copied());
        }
        let direct = section.len();
        for arguments in 0..=layout.values.arguments_max as usize {
            let all: Vec<ValType> =
                [I64, I32].into_iter().chain(std::iter::repeat_n(I64, arguments)).collect();
            section.ty().function(all, [I64]);
        }
        let by_memory = section.len();
        section.ty().function([I64, I32, I32], [I64]);
        let enter = section.len();
        section.ty().function([I64, I32, I32, I32], [I64]);
        let release = section.len();
        section.ty().function([I64], []);
        Self { section, direct, by_memory, enter, release }
    }
}

fn assemble(layout: &Layout, types: &Types, bodies: &[(&Prepared, Body)]) -> Vec<u8> {
    let mut module = Module::new();
    module.section(&types.section);
    module.section(&imports());
    let mut functions = FunctionSection::new();
    functions.function(types.release);
    functions.function(types.enter);
    for (one, _) in bodies {
        functions.function(types.by_memory);
        functions.function(types.direct + one.function.arguments as u32);
    }
    module.section(&functions);
    let entries = 2 + 2 * bodies.len() as u64;
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: entries,
        maximum: Some(entries),
        table64: false,
        shared: false,
    });
    module.section(&tables);
    let mut elements = ElementSection::new();
    // A function's number is twice its entries' place: by memory, then directly. None has the number 0. These come first: what
    // stands behind elements of another module's table is written with each instance, and not when it is called.
    let own: Vec<u32> = (0..2 * bodies.len() as u32).map(|at| FIRST_FUNCTION + at).collect();
    elements.active(Some(OWN_TABLE), &ConstExpr::i32_const(2), Elements::Functions(own.into()));
    let slot = ConstExpr::i32_const(layout.values.entry_slot as i32);
    elements.active(None, &slot, Elements::Functions([ENTER].as_slice().into()));
    module.section(&elements);
    let mut code = CodeSection::new();
    code.function(&release(layout));
    code.function(&enter(types));
    for (at, (one, body)) in bodies.iter().enumerate() {
        code.function(&by_memory(one.function.arguments, FIRST_FUNCTION + 2 * at as u32 + 1));
        let mut function = wasm_encoder::Function::new_with_locals_types(body.locals.iter().copied());
        function.raw(body.code.iter().copied());
        code.function(&function);
    }
    module.section(&code);
    module.finish()
}

fn imports() -> ImportSection {
    let mut imports = ImportSection::new();
    let memory =
        MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };
    imports.import(ENGINE_IMPORT, MEMORY_EXPORT, EntityType::Memory(memory));
    let stack = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    imports.import(ENGINE_IMPORT, STACK_POINTER_EXPORT, EntityType::Global(stack));
    let table = TableType {
        element_type: RefType::FUNCREF,
        minimum: 1,
        maximum: None,
        table64: false,
        shared: false,
    };
    imports.import(ENGINE_IMPORT, TABLE_EXPORT, EntityType::Table(table));
    imports
}

/// Gives up a reference of a value that has a count.
fn release(layout: &Layout) -> wasm_encoder::Function {
    let word = MemArg { offset: 0, align: 2, memory_index: 0 };
    let mut function = wasm_encoder::Function::new([(2, ValType::I32)]);
    let (place, count) = (1, 2);
    let helper = layout.helpers.free;
    function
        .instructions()
        .local_get(0)
        .i32_wrap_i64()
        .i32_const(layout.values.count_before as i32)
        .i32_sub()
        .local_tee(place)
        .i32_load(word)
        .local_tee(count)
        .i32_const(1)
        .i32_gt_s()
        .if_(BlockType::Empty)
        .local_get(place)
        .local_get(count)
        .i32_const(1)
        .i32_sub()
        .i32_store(word)
        .else_()
        .local_get(0)
        .i32_const(helper.slot as i32)
        .call_indirect(0, helper.signature)
        .end()
        .end();
    function
}

/// What the engine calls: finds the function by its number.
fn enter(types: &Types) -> wasm_encoder::Function {
    let mut function = wasm_encoder::Function::new([]);
    function
        .instructions()
        .local_get(0)
        .local_get(1)
        .local_get(2)
        .local_get(3)
        .i32_const(1)
        .i32_shl()
        .call_indirect(OWN_TABLE, types.by_memory)
        .end();
    function
}

/// A function's entry with its arguments in memory.
fn by_memory(arguments: usize, direct: u32) -> wasm_encoder::Function {
    let mut function = wasm_encoder::Function::new([]);
    let mut code = function.instructions();
    code.local_get(0).local_get(1);
    for at in 0..arguments as u64 {
        code.local_get(2).i64_load(MemArg { offset: 8 * at, align: 3, memory_index: 0 });
    }
    code.call(direct).end();
    function
}
