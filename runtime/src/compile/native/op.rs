//! Instructions: the engine's many forms of one become one of ours here.

use super::NativeError;
use super::kind::Kind;
use super::layout::{Instruction, Layout};
use super::read::Bytecode;
use super::word;

/// Instructions of a function, at most.
const INSTRUCTIONS_MAX: usize = 8192;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bitwise {
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    And,
    Or,
    Xor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal { is_strict: bool, is_negated: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Plus,
    Negate,
    Invert,
    Increment,
    Decrement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Nullish,
    Undefined,
    Null,
    TypeUndefined,
    TypeFunction,
}

/// A variable is counted with the arguments: those come first.
pub(super) type Slot = usize;

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    /// A value without a reference count.
    Word(u64),
    Constant(usize),
    Closure(usize),
    AtomValue(u32),
    This,
    Object,
    /// Takes some values and gives these of them, counted from the lowest.
    Shuffle {
        takes: usize,
        gives: &'static [usize],
    },
    Get {
        slot: Slot,
        is_checked: bool,
    },
    Put {
        slot: Slot,
        is_checked: bool,
        is_kept: bool,
    },
    /// Two variables at once.
    GetPair(Slot, Slot),
    Undeclare(Slot),
    CloseVariable(usize),
    AddTo(Slot),
    Step {
        slot: Slot,
        is_up: bool,
    },
    GetOuter {
        at: usize,
        is_checked: bool,
    },
    PutOuter {
        at: usize,
        is_checked: bool,
        is_kept: bool,
    },
    GetGlobal {
        atom: u32,
        is_thrown: bool,
    },
    PutGlobal {
        atom: u32,
        is_initial: bool,
    },
    GetField {
        atom: u32,
        is_kept: bool,
    },
    PutField(u32),
    DefineField(u32),
    GetLength,
    GetElement {
        is_kept: bool,
    },
    PutElement,
    Call {
        arguments: usize,
        is_method: bool,
        is_tail: bool,
    },
    Construct(usize),
    Array(usize),
    Unary(Unary),
    /// `x++`: the old value, then the new one.
    Postfix {
        is_up: bool,
    },
    Arithmetic(Arithmetic),
    Bitwise(Bitwise),
    Compare(Comparison),
    /// An operator that the engine applies.
    Relation {
        number: i32,
    },
    Not,
    TypeOf,
    Test(Test),
    Goto(usize),
    If {
        target: usize,
        when: bool,
    },
    Return {
        is_undefined: bool,
    },
    Throw,
    Catch(u32),
    DropToCatch,
    /// Done by the engine, on the stack in memory.
    Engine(Engine),
    /// Refuses a call of a class without `new`.
    CheckConstructor,
    Nothing,
    /// What is not compiled: the interpreter goes on here.
    Leave,
}

/// An instruction that the engine does on the stack in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Engine {
    pub(super) number: i32,
    pub(super) operand: u32,
    pub(super) second: i32,
    /// How many values of the stack it looks at.
    pub(super) reach: usize,
    /// What stands in their places afterwards: a kind, or what stood there before.
    pub(super) leaves: Vec<Left>,
}

/// What stands in a place of the stack after an instruction of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// What stood in this place, counted from the lowest that it looks at.
    Same,
    A(Kind),
}

/// An instruction in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) at: usize,
    pub(super) next: usize,
    pub(super) op: Op,
}

/// Reads a function's instructions.
pub(super) fn decode(function: &Bytecode, layout: &Layout) -> Result<Vec<Placed>, NativeError> {
    let mut placed = Vec::new();
    let mut at = 0;
    while let Some(number) = function.code.get(at) {
        let number = usize::from(*number);
        let instruction = layout
            .instructions
            .get(number)
            .and_then(Option::as_ref)
            .ok_or(NativeError::Malformed("an instruction that the engine does not have"))?;
        let next = at + instruction.bytes;
        let bytes = function
            .code
            .get(at + 1..next)
            .ok_or(NativeError::Malformed("an instruction that is cut off"))?;
        let operands = Operands { bytes, at };
        let op = one(number as i32, instruction, &operands, function, layout)?;
        placed.push(Placed { at, next, op });
        if placed.len() > INSTRUCTIONS_MAX {
            let used = placed.len();
            return Err(NativeError::TooLarge { what: "instructions", used, limit: INSTRUCTIONS_MAX });
        }
        at = next;
    }
    Ok(placed)
}

/// An instruction's operands.
struct Operands<'a> {
    bytes: &'a [u8],
    at: usize,
}

const CUT: NativeError = NativeError::Malformed("an instruction without its operand");

impl Operands<'_> {
    fn array<const N: usize>(&self, from: usize) -> Result<[u8; N], NativeError> {
        self.bytes.get(from..from + N).and_then(|bytes| bytes.try_into().ok()).ok_or(CUT)
    }

    fn u8(&self, from: usize) -> Result<u8, NativeError> {
        self.array::<1>(from).map(|[byte]| byte)
    }

    fn u16(&self, from: usize) -> Result<u16, NativeError> {
        self.array(from).map(u16::from_le_bytes)
    }

    fn u32(&self, from: usize) -> Result<u32, NativeError> {
        self.array(from).map(u32::from_le_bytes)
    }

    /// The index or the number that the format says is there.
    fn index(&self, instruction: &Instruction) -> Result<usize, NativeError> {
        Ok(match instruction.format.as_str() {
            "loc8" | "const8" | "u8" => self.u8(0)?.into(),
            "loc" | "arg" | "var_ref" | "u16" | "npop" | "npop_u16" => self.u16(0)?.into(),
            "const" | "u32" => self.u32(0)? as usize,
            // The name ends with it.
            _ => {
                let last = instruction.name.bytes().last().filter(u8::is_ascii_digit);
                (last.ok_or(CUT)? - b'0').into()
            }
        })
    }

    /// A jump's target: relative to its operand.
    fn target(&self, format: &str) -> Result<usize, NativeError> {
        let by = match format {
            "label8" => i64::from(self.u8(0)? as i8),
            "label16" => i64::from(self.u16(0)? as i16),
            _ => i64::from(self.u32(0)? as i32),
        };
        usize::try_from(self.at as i64 + 1 + by).map_err(|_| NativeError::Malformed("a jump out of its code"))
    }
}

fn slot(function: &Bytecode, variable: usize) -> Result<Slot, NativeError> {
    if variable >= function.variables {
        return Err(NativeError::Malformed("a variable that it does not have"));
    }
    Ok(function.arguments + variable)
}

fn argument(function: &Bytecode, argument: usize) -> Result<Slot, NativeError> {
    if argument >= function.arguments {
        return Err(NativeError::Malformed("an argument that it does not have"));
    }
    Ok(argument)
}

fn outer(function: &Bytecode, at: usize) -> Result<usize, NativeError> {
    if at >= function.closed_over {
        return Err(NativeError::Malformed("a captured variable that it does not have"));
    }
    Ok(at)
}

fn one(
    number: i32,
    instruction: &Instruction,
    operands: &Operands<'_>,
    function: &Bytecode,
    layout: &Layout,
) -> Result<Op, NativeError> {
    let name = instruction.name.as_str();
    if let Some(op) = simple(name) {
        return Ok(op);
    }
    let index = || operands.index(instruction);
    let atom = || operands.u32(0);
    let constant = || {
        let at = index()?;
        function.constants.get(at).ok_or(NativeError::Malformed("a constant that it does not have"))?;
        Ok::<usize, NativeError>(at)
    };
    // A trailing digit is an operand; `8` is only a shorter form of one.
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    Ok(match (stem, name) {
        (_, "push_i32") => Op::Word(word::int(operands.u32(0)? as i32)),
        (_, "push_i16") => Op::Word(word::int((operands.u16(0)? as i16).into())),
        (_, "push_i8") => Op::Word(word::int((operands.u8(0)? as i8).into())),
        ("push_", _) => Op::Word(word::int(index()? as i32)),
        ("push_const", _) => Op::Constant(constant()?),
        ("fclosure", _) => Op::Closure(constant()?),
        (_, "push_empty_string") => Op::AtomValue(layout.values.atom_empty),
        (_, "push_atom_value") => Op::AtomValue(atom()?),
        (_, "get_loc0_loc1") => Op::GetPair(slot(function, 0)?, slot(function, 1)?),
        ("get_loc", _) => Op::Get { slot: slot(function, index()?)?, is_checked: false },
        ("get_arg", _) => Op::Get { slot: argument(function, index()?)?, is_checked: false },
        ("get_loc_check", _) => Op::Get { slot: slot(function, index()?)?, is_checked: true },
        ("put_loc", _) => Op::Put { slot: slot(function, index()?)?, is_checked: false, is_kept: false },
        ("put_arg", _) => Op::Put { slot: argument(function, index()?)?, is_checked: false, is_kept: false },
        ("set_loc", _) => Op::Put { slot: slot(function, index()?)?, is_checked: false, is_kept: true },
        ("set_arg", _) => Op::Put { slot: argument(function, index()?)?, is_checked: false, is_kept: true },
        ("put_loc_check", _) => Op::Put { slot: slot(function, index()?)?, is_checked: true, is_kept: false },
        ("set_loc_uninitialized", _) => Op::Undeclare(slot(function, index()?)?),
        ("close_loc", _) => {
            let at = index()?;
            slot(function, at)?;
            Op::CloseVariable(at)
        }
        ("add_loc", _) => Op::AddTo(slot(function, index()?)?),
        ("inc_loc", _) => Op::Step { slot: slot(function, index()?)?, is_up: true },
        ("dec_loc", _) => Op::Step { slot: slot(function, index()?)?, is_up: false },
        ("get_var_ref", _) => Op::GetOuter { at: outer(function, index()?)?, is_checked: false },
        ("get_var_ref_check", _) => Op::GetOuter { at: outer(function, index()?)?, is_checked: true },
        ("put_var_ref", _) => {
            Op::PutOuter { at: outer(function, index()?)?, is_checked: false, is_kept: false }
        }
        ("put_var_ref_check", _) => {
            Op::PutOuter { at: outer(function, index()?)?, is_checked: true, is_kept: false }
        }
        ("set_var_ref", _) => {
            Op::PutOuter { at: outer(function, index()?)?, is_checked: false, is_kept: true }
        }
        (_, "get_var") => Op::GetGlobal { atom: atom()?, is_thrown: true },
        (_, "get_var_undef") => Op::GetGlobal { atom: atom()?, is_thrown: false },
        (_, "put_var") => Op::PutGlobal { atom: atom()?, is_initial: false },
        (_, "put_var_init") => Op::PutGlobal { atom: atom()?, is_initial: true },
        (_, "get_field") => Op::GetField { atom: atom()?, is_kept: false },
        (_, "get_field2") => Op::GetField { atom: atom()?, is_kept: true },
        (_, "put_field") => Op::PutField(atom()?),
        (_, "define_field") => Op::DefineField(atom()?),
        ("call" | "tail_call", _) => {
            Op::Call { arguments: index()?, is_method: false, is_tail: stem == "tail_call" }
        }
        ("call_method" | "tail_call_method", _) => {
            Op::Call { arguments: index()?, is_method: true, is_tail: stem == "tail_call_method" }
        }
        (_, "call_constructor") => Op::Construct(index()?),
        (_, "array_from") => Op::Array(index()?),
        ("goto", _) => Op::Goto(operands.target(&instruction.format)?),
        ("if_true", _) => Op::If { target: operands.target(&instruction.format)?, when: true },
        ("if_false", _) => Op::If { target: operands.target(&instruction.format)?, when: false },
        (_, "catch") => {
            let target = operands.target(&instruction.format)?;
            Op::Catch(u32::try_from(target).map_err(|_| CUT)?)
        }
        (_, "instanceof" | "in") => Op::Relation { number },
        _ => engine(number, instruction, operands)?,
    })
}

/// Instructions that are their name alone.
fn simple(name: &str) -> Option<Op> {
    let equal = |is_strict, is_negated| Op::Compare(Comparison::Equal { is_strict, is_negated });
    let shuffle = |takes, gives| Op::Shuffle { takes, gives };
    Some(match name {
        "undefined" => Op::Word(word::UNDEFINED),
        "null" => Op::Word(word::NULL),
        "push_true" => Op::Word(word::TRUE),
        "push_false" => Op::Word(word::FALSE),
        "push_minus1" => Op::Word(word::int(-1)),
        "push_this" => Op::This,
        "object" => Op::Object,
        "drop" => shuffle(1, &[]),
        "nip" => shuffle(2, &[1]),
        "nip1" => shuffle(3, &[1, 2]),
        "dup" => shuffle(1, &[0, 0]),
        "dup1" => shuffle(2, &[0, 0, 1]),
        "dup2" => shuffle(2, &[0, 1, 0, 1]),
        "dup3" => shuffle(3, &[0, 1, 2, 0, 1, 2]),
        "insert2" => shuffle(2, &[1, 0, 1]),
        "insert3" => shuffle(3, &[2, 0, 1, 2]),
        "insert4" => shuffle(4, &[3, 0, 1, 2, 3]),
        "perm3" => shuffle(3, &[1, 0, 2]),
        "perm4" => shuffle(4, &[2, 0, 1, 3]),
        "perm5" => shuffle(5, &[3, 0, 1, 2, 4]),
        "swap" => shuffle(2, &[1, 0]),
        "swap2" => shuffle(4, &[2, 3, 0, 1]),
        "rot3l" => shuffle(3, &[1, 2, 0]),
        "rot3r" => shuffle(3, &[2, 0, 1]),
        "rot4l" => shuffle(4, &[1, 2, 3, 0]),
        "rot5l" => shuffle(5, &[1, 2, 3, 4, 0]),
        "get_length" => Op::GetLength,
        "get_array_el" => Op::GetElement { is_kept: false },
        "get_array_el2" => Op::GetElement { is_kept: true },
        "put_array_el" => Op::PutElement,
        "plus" => Op::Unary(Unary::Plus),
        "neg" => Op::Unary(Unary::Negate),
        "not" => Op::Unary(Unary::Invert),
        "inc" => Op::Unary(Unary::Increment),
        "dec" => Op::Unary(Unary::Decrement),
        "post_inc" => Op::Postfix { is_up: true },
        "post_dec" => Op::Postfix { is_up: false },
        "add" => Op::Arithmetic(Arithmetic::Add),
        "sub" => Op::Arithmetic(Arithmetic::Subtract),
        "mul" => Op::Arithmetic(Arithmetic::Multiply),
        "div" => Op::Arithmetic(Arithmetic::Divide),
        "mod" => Op::Arithmetic(Arithmetic::Remainder),
        "pow" => Op::Arithmetic(Arithmetic::Power),
        "shl" => Op::Bitwise(Bitwise::ShiftLeft),
        "sar" => Op::Bitwise(Bitwise::ShiftRight),
        "shr" => Op::Bitwise(Bitwise::ShiftRightUnsigned),
        "and" => Op::Bitwise(Bitwise::And),
        "or" => Op::Bitwise(Bitwise::Or),
        "xor" => Op::Bitwise(Bitwise::Xor),
        "lt" => Op::Compare(Comparison::Less),
        "lte" => Op::Compare(Comparison::LessOrEqual),
        "gt" => Op::Compare(Comparison::Greater),
        "gte" => Op::Compare(Comparison::GreaterOrEqual),
        "eq" => equal(false, false),
        "neq" => equal(false, true),
        "strict_eq" => equal(true, false),
        "strict_neq" => equal(true, true),
        "lnot" => Op::Not,
        "typeof" => Op::TypeOf,
        "is_undefined_or_null" => Op::Test(Test::Nullish),
        "is_undefined" => Op::Test(Test::Undefined),
        "is_null" => Op::Test(Test::Null),
        "typeof_is_undefined" => Op::Test(Test::TypeUndefined),
        "typeof_is_function" => Op::Test(Test::TypeFunction),
        "return" => Op::Return { is_undefined: false },
        "return_undef" => Op::Return { is_undefined: true },
        "throw" => Op::Throw,
        "nip_catch" => Op::DropToCatch,
        "check_ctor" => Op::CheckConstructor,
        "nop" => Op::Nothing,
        _ => return None,
    })
}

/// What the engine's `special_object` may ask for that a compiled function knows: the running function, and the object of its
/// method. The guest's build compares these numbers with the engine's.
const SPECIAL_KNOWN: [u8; 2] = [2, 4];

/// Whether an instruction needs what only the call itself has: all arguments, `new.target`, names of variables. The interpreter
/// could not go on with it either, when a compiled function was entered.
fn is_of_the_call(name: &str, operands: &Operands<'_>) -> bool {
    match name {
        "special_object" => !operands.u8(0).is_ok_and(|asked| SPECIAL_KNOWN.contains(&asked)),
        "rest" | "init_ctor" | "eval" | "apply_eval" => true,
        _ => name.starts_with("with_"),
    }
}

/// Instructions that the engine does, and what stands on the stack afterwards.
fn engine(number: i32, instruction: &Instruction, operands: &Operands<'_>) -> Result<Op, NativeError> {
    if is_of_the_call(&instruction.name, operands) {
        return Err(NativeError::Unsupported(instruction.name.clone()));
    }
    let any = Left::A(Kind::ANY);
    let object = Left::A(Kind::OBJECT);
    let truth = Left::A(Kind::BOOL);
    let same = |count: usize| vec![Left::Same; count];
    let (mut operand, mut second) = match instruction.format.as_str() {
        "u8" => (operands.u8(0)?.into(), 0),
        "u16" => (operands.u16(0)?.into(), 0),
        "atom" => (operands.u32(0)?, 0),
        "atom_u8" => (operands.u32(0)?, operands.u8(4)?.into()),
        _ => (0, 0),
    };
    let (reach, leaves) = match instruction.name.as_str() {
        "for_of_start" => (1, vec![any, any, Left::A(Kind::CATCH)]),
        "for_of_next" => {
            let reach = 3 + operand as usize;
            let mut leaves = same(reach);
            leaves.extend([any, truth]);
            (reach, leaves)
        }
        "iterator_close" => (3, vec![]),
        "for_in_start" => (1, vec![any]),
        "for_in_next" => (1, vec![any, any, truth]),
        "append" => (3, vec![Left::Same, any]),
        "copy_data_properties" => {
            let places = [operand & 3, operand >> 2 & 7, operand >> 5 & 7];
            let reach = 1 + places.into_iter().max().unwrap_or(0) as usize;
            (reach, same(reach))
        }
        "define_method" => (2, same(1)),
        "define_method_computed" => (3, same(1)),
        "define_array_el" => (3, same(2)),
        "define_class" => (2, vec![object, object]),
        "define_class_computed" => (3, vec![Left::Same, object, object]),
        "set_name" => (1, same(1)),
        "set_name_computed" | "set_home_object" | "check_brand" => (2, same(2)),
        "set_proto" => (2, same(1)),
        "delete" | "private_in" => (2, vec![truth]),
        "regexp" => (2, vec![object]),
        "to_object" => (1, vec![object]),
        "to_propkey" => (1, vec![any]),
        "to_propkey2" => (2, vec![Left::Same, any]),
        "check_object" => (1, vec![object]),
        "get_super" => (1, vec![any]),
        "private_symbol" => (0, vec![any]),
        "get_private_field" => (2, vec![any]),
        "put_private_field" => (3, vec![]),
        "define_private_field" => (3, same(1)),
        "apply" => (3, vec![any]),
        "special_object" => (0, vec![any]),
        _ => return Ok(Op::Leave),
    };
    if instruction.name == "define_method_computed" {
        second = 0;
    }
    if instruction.name.starts_with("to_propkey") {
        operand = 0;
    }
    Ok(Op::Engine(Engine { number, operand, second, reach, leaves }))
}
