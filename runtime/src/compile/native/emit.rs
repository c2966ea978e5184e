//! Writes a function's WebAssembly. Variables that nothing captures are WebAssembly's locals, as ints or floats where that is
//! all they are; the stack exists while code is written, and is put in its places where ways of control meet.

mod call;
mod control;
mod number;
mod object;
mod value;

use wasm_encoder::{BlockType, Encode, Instruction as W, MemArg, ValType};

use super::NativeError;
use super::facts::Facts;
use super::flow::Flow;
use super::kind::Kind;
use super::layout::{Helper, Layout};
use super::op::{Op, Placed, Slot};
use super::read::{Bytecode, Picture, Roots};
use super::word;

/// WebAssembly locals of a function, at most.
const LOCALS_MAX: usize = 2000;
/// Bytes of WebAssembly of a function, at most.
const BODY_BYTES_MAX: usize = 1 << 20;
/// What a frame takes of the stack at least for each local: native frames hold what does not fit into registers.
const STACK_PER_LOCAL: u32 = 4;

/// The engine's table, imported.
const ENGINE_TABLE: u32 = 0;
/// The module's own table: two entries a function.
pub(super) const OWN_TABLE: u32 = 1;
/// The stack pointer, imported.
const STACK_POINTER: u32 = 0;
/// Local of `this`, and of the function object.
const THIS: u32 = 0;
const FUNCTION: u32 = 1;
const FIRST_ARGUMENT: u32 = 2;

/// What all functions of a module share while they are written.
pub(super) struct Unit<'a> {
    pub(super) layout: &'a Layout,
    pub(super) picture: Picture<'a>,
    pub(super) roots: Roots,
    /// Inline caches of the whole module.
    pub(super) caches: u32,
    /// Type of the direct entry of functions without parameters; those with some follow.
    pub(super) direct_types: u32,
    /// The function that gives up a reference.
    pub(super) release: u32,
    pub(super) numbers: Numbers,
}

/// The engine's numbers of operators that its helpers are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    arithmetic: [i32; 6],
    bitwise: [i32; 6],
    comparisons: [i32; 8],
    unary: [i32; 5],
}

impl Numbers {
    pub(super) fn of(layout: &Layout) -> Result<Self, NativeError> {
        let all = |names: &[&str]| -> Result<Vec<i32>, NativeError> {
            names.iter().map(|name| layout.number_of(name)).collect()
        };
        let wrong = |_| NativeError::Internal("a list of another length");
        Ok(Self {
            arithmetic: all(&["add", "sub", "mul", "div", "mod", "pow"])?.try_into().map_err(wrong)?,
            bitwise: all(&["shl", "sar", "shr", "and", "or", "xor"])?.try_into().map_err(wrong)?,
            comparisons: all(&["lt", "lte", "gt", "gte", "eq", "neq", "strict_eq", "strict_neq"])?
                .try_into()
                .map_err(wrong)?,
            unary: all(&["plus", "neg", "not", "inc", "dec"])?.try_into().map_err(wrong)?,
        })
    }
}

/// A function's WebAssembly.
pub(super) struct Body {
    pub(super) locals: Vec<ValType>,
    pub(super) code: Vec<u8>,
}

/// Where a variable lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Int(u32),
    Float(u32),
    /// As the engine has it, with a reference.
    Boxed(u32),
    /// An argument that is never written: its reference is the caller's.
    Borrowed(u32),
    /// In the frame, where those that capture it find it.
    Frame,
}

/// A value on the stack.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    /// Constants.
    Int(i32),
    Float(f64),
    Word(u64),
    /// A constant of the image, whose reference is the image's.
    Heap(u64, Kind),
    /// A local with an int, or with 0 or 1.
    I32(u32),
    Bool(u32),
    /// A local with an exact integer of at most this size.
    Long(u32, f64),
    /// A local with a float, of these kinds once it is a value.
    F64(u32, Kind),
    /// A local with a value as the engine has it. Owned: its reference is ours.
    Boxed {
        local: u32,
        is_owned: bool,
        kind: Kind,
    },
    /// A variable, unchanged since.
    Variable(Slot, Kind),
}

/// What a branch may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Exit,
    Exception,
    Interpreter,
    /// The end of what comes before this block.
    Block(usize),
    /// The beginning of this block.
    Loop(usize),
    Inner,
}

/// Offsets within a frame.
#[derive(Debug, Clone, Copy)]
struct Frame {
    references: u32,
    slots: u32,
    stack: u32,
    outgoing: u32,
    bytes: u32,
}

pub(super) struct Emitter<'e, 'u> {
    unit: &'e Unit<'u>,
    function: &'e Bytecode,
    placed: &'e [Placed],
    flow: &'e Flow,
    facts: &'e Facts,
    code: Vec<u8>,
    locals: Vec<ValType>,
    /// Locals that come and go: whether each local is one, and which are not in use.
    is_temporary: Vec<bool>,
    idle: Vec<u32>,
    places: Vec<Place>,
    /// What is known of each variable here.
    known: Vec<Kind>,
    stack: Vec<Value>,
    /// The locals of the stack's places, where ways of control meet.
    homes: Vec<u32>,
    labels: Vec<Label>,
    frame: Frame,
    /// Locals: the caller's stack pointer, the frame's state, the frame, the result, the caches, and how the interpreter goes on.
    caller_stack: u32,
    state: u32,
    sf: u32,
    result: u32,
    caches: u32,
    resume_at: u32,
    resume_depth: u32,
    resume_thrown: u32,
    /// The next cache of this function.
    next_cache: u32,
    has_caches: bool,
    /// Where the instruction that is being written stands, and where the next one does.
    at: usize,
    next: usize,
}

const INTERNAL: NativeError = NativeError::Internal("a stack or a local that is not there");

fn memory(offset: u32, align: u32) -> MemArg {
    MemArg { offset: offset.into(), align, memory_index: 0 }
}

/// Whether an instruction has an inline cache.
pub(super) fn has_cache(op: &Op) -> bool {
    matches!(op, Op::GetField { .. } | Op::PutField(_))
}

impl<'e, 'u> Emitter<'e, 'u> {
    pub(super) fn new(
        unit: &'e Unit<'u>,
        function: &'e Bytecode,
        placed: &'e [Placed],
        flow: &'e Flow,
        facts: &'e Facts,
        first_cache: u32,
    ) -> Result<Self, NativeError> {
        let outgoing = placed.iter().map(|one| match one.op {
            Op::Call { arguments, .. } | Op::Construct(arguments) | Op::Array(arguments) => arguments,
            _ => 0,
        });
        let outgoing = outgoing.max().unwrap_or(0);
        if outgoing > function.stack {
            return Err(NativeError::Malformed("a stack that is deeper than it says"));
        }
        let references = unit.layout.values.state_bytes;
        let slots = (references + 4 * function.captured_count as u32).next_multiple_of(8);
        let stack = slots + 8 * function.slots() as u32;
        let outgoing_at = stack + 8 * (function.stack as u32 + 2);
        let mut emitter = Self {
            unit,
            function,
            placed,
            flow,
            facts,
            code: Vec::new(),
            locals: Vec::new(),
            is_temporary: vec![false; FIRST_ARGUMENT as usize + function.arguments],
            idle: Vec::new(),
            places: Vec::new(),
            known: Vec::new(),
            stack: Vec::new(),
            homes: Vec::new(),
            labels: Vec::new(),
            frame: Frame {
                references,
                slots,
                stack,
                outgoing: outgoing_at,
                bytes: (outgoing_at + 8 * outgoing as u32).next_multiple_of(16),
            },
            caller_stack: 0,
            state: 0,
            sf: 0,
            result: 0,
            caches: 0,
            resume_at: 0,
            resume_depth: 0,
            resume_thrown: 0,
            next_cache: first_cache,
            has_caches: placed.iter().any(|one| has_cache(&one.op)),
            at: 0,
            next: 0,
        };
        for slot in 0..function.slots() {
            let place = emitter.place_of(slot)?;
            emitter.places.push(place);
        }
        for _ in 0..function.stack {
            let home = emitter.local(ValType::I64)?;
            emitter.homes.push(home);
        }
        emitter.caller_stack = emitter.local(ValType::I32)?;
        emitter.state = emitter.local(ValType::I32)?;
        emitter.sf = emitter.local(ValType::I32)?;
        emitter.result = emitter.local(ValType::I64)?;
        emitter.caches = emitter.local(ValType::I32)?;
        emitter.resume_at = emitter.local(ValType::I32)?;
        emitter.resume_depth = emitter.local(ValType::I32)?;
        emitter.resume_thrown = emitter.local(ValType::I32)?;
        Ok(emitter)
    }

    /// Where a variable lives, by what is ever read of it.
    fn place_of(&mut self, slot: Slot) -> Result<Place, NativeError> {
        let is_argument = slot < self.function.arguments;
        if self.function.captured.get(slot).copied().unwrap_or(true) {
            return Ok(Place::Frame);
        }
        let read = self.facts.read.get(slot).copied().unwrap_or(Kind::ANY);
        let is_read = read != Kind::NONE;
        // An argument that is not checked when the function is entered may be anything.
        let is_known = !is_argument || self.facts.guesses.get(slot) != Some(&Kind::ANY);
        Ok(if is_read && is_known && read.within(Kind::INT) {
            Place::Int(self.local(ValType::I32)?)
        } else if is_read && is_known && read.within(Kind::NUMBER) {
            Place::Float(self.local(ValType::F64)?)
        } else if is_argument && !self.facts.is_written.get(slot).copied().unwrap_or(true) {
            Place::Borrowed(FIRST_ARGUMENT + slot as u32)
        } else {
            Place::Boxed(self.local(ValType::I64)?)
        })
    }

    // ---- single instructions ----

    fn put(&mut self, instruction: W<'_>) {
        instruction.encode(&mut self.code);
    }

    fn puts<const N: usize>(&mut self, instructions: [W<'_>; N]) {
        for instruction in instructions {
            self.put(instruction);
        }
    }

    fn get(&mut self, local: u32) {
        self.put(W::LocalGet(local));
    }

    fn set(&mut self, local: u32) {
        self.put(W::LocalSet(local));
    }

    fn int(&mut self, value: u32) {
        self.put(W::I32Const(value as i32));
    }

    fn long(&mut self, value: u64) {
        self.put(W::I64Const(value as i64));
    }

    fn load_i32(&mut self, offset: u32) {
        self.put(W::I32Load(memory(offset, 2)));
    }

    fn store_i32(&mut self, offset: u32) {
        self.put(W::I32Store(memory(offset, 2)));
    }

    fn load_i64(&mut self, offset: u32) {
        self.put(W::I64Load(memory(offset, 3)));
    }

    fn store_i64(&mut self, offset: u32) {
        self.put(W::I64Store(memory(offset, 3)));
    }

    fn call(&mut self, helper: Helper) {
        self.int(helper.slot);
        self.put(W::CallIndirect { type_index: helper.signature, table_index: ENGINE_TABLE });
    }

    fn block(&mut self, label: Label) {
        self.put(W::Block(BlockType::Empty));
        self.labels.push(label);
    }

    fn open_if(&mut self) {
        self.put(W::If(BlockType::Empty));
        self.labels.push(Label::Inner);
    }

    fn close(&mut self) {
        self.put(W::End);
        self.labels.pop();
    }

    fn depth_of(&self, label: Label) -> Result<u32, NativeError> {
        let depth = self.labels.iter().rev().position(|one| *one == label);
        depth.map(|depth| depth as u32).ok_or(NativeError::Internal("a label that is not there"))
    }

    fn branch(&mut self, label: Label) -> Result<(), NativeError> {
        let depth = self.depth_of(label)?;
        self.put(W::Br(depth));
        Ok(())
    }

    /// Leaves as many of the innermost blocks if the condition holds.
    fn leave_block_if(&mut self, depth: u32) {
        self.put(W::BrIf(depth));
    }

    // ---- locals ----

    fn local(&mut self, ty: ValType) -> Result<u32, NativeError> {
        if self.locals.len() >= LOCALS_MAX {
            let used = self.locals.len();
            return Err(NativeError::TooLarge { what: "locals", used, limit: LOCALS_MAX });
        }
        self.locals.push(ty);
        self.is_temporary.push(false);
        Ok(self.is_temporary.len() as u32 - 1)
    }

    fn type_of(&self, local: u32) -> ValType {
        let first = FIRST_ARGUMENT as usize + self.function.arguments;
        let own = (local as usize).checked_sub(first).and_then(|at| self.locals.get(at));
        own.copied().unwrap_or(if local == FUNCTION { ValType::I32 } else { ValType::I64 })
    }

    /// A local that nothing else uses.
    fn temporary(&mut self, ty: ValType) -> Result<u32, NativeError> {
        if let Some(at) = self.idle.iter().rposition(|local| self.type_of(*local) == ty) {
            return Ok(self.idle.swap_remove(at));
        }
        let local = self.local(ty)?;
        if let Some(is_temporary) = self.is_temporary.get_mut(local as usize) {
            *is_temporary = true;
        }
        Ok(local)
    }

    /// Gives a temporary local back; others stay what they are.
    fn recycle_local(&mut self, local: u32) {
        if self.is_temporary.get(local as usize) == Some(&true) && !self.idle.contains(&local) {
            self.idle.push(local);
        }
    }

    fn recycle(&mut self, value: Value) {
        if let Value::I32(local)
        | Value::Bool(local)
        | Value::Long(local, _)
        | Value::F64(local, _)
        | Value::Boxed { local, .. } = value
        {
            self.recycle_local(local);
        }
    }

    /// All temporaries are idle: where a block begins, everything is in its place.
    fn recycle_all(&mut self) {
        let all = self.is_temporary.iter().enumerate().filter(|(_, is_temporary)| **is_temporary);
        self.idle = all.map(|(local, _)| local as u32).collect();
    }

    // ---- the stack ----

    fn pop(&mut self) -> Result<Value, NativeError> {
        self.stack.pop().ok_or(INTERNAL)
    }

    /// What is on the stack, where a variable is read as what it is kept in.
    fn pop_viewed(&mut self) -> Result<Value, NativeError> {
        let value = self.pop()?;
        Ok(self.view(value))
    }

    fn push_boxed_local(&mut self, local: u32, kind: Kind) {
        self.stack.push(Value::Boxed { local, is_owned: true, kind });
    }

    fn slot_at(&self, slot: Slot) -> u32 {
        self.frame.slots + 8 * slot as u32
    }

    fn stack_at(&self, depth: usize) -> u32 {
        self.frame.stack + 8 * depth as u32
    }

    /// Writes what the frame is told of where it is: behind this instruction.
    fn note_place(&mut self) {
        let place = self.unit.layout.values.frame_place;
        self.get(self.sf);
        self.int(self.function.code_address.wrapping_add(self.next as u32));
        self.store_i32(place);
    }

    fn check_size(&self) -> Result<(), NativeError> {
        let used = self.code.len();
        if used > BODY_BYTES_MAX {
            let what = "bytes of WebAssembly of a function";
            return Err(NativeError::TooLarge { what, used, limit: BODY_BYTES_MAX });
        }
        Ok(())
    }
}
