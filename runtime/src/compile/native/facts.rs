//! What is known of a function's values before it runs: a set of kinds for each variable and each place of the stack at the
//! beginning of each block, and guesses about arguments that the compiled function checks when it is entered.

use super::NativeError;
use super::flow::{End, Flow};
use super::kind::Kind;
use super::op::{Arithmetic, Bitwise, Comparison, Engine, Left, Op, Placed, Slot, Unary};
use super::read::Bytecode;

/// Instructions that are looked at, at most: each of them a few times for each kind that is found.
const STEPS_MAX: usize = 200_000;

/// What is known of a value on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) kind: Kind,
    /// A constant of the code.
    is_constant: bool,
    /// The argument that it is, unchanged.
    argument: Option<Slot>,
}

impl Known {
    fn of(kind: Kind) -> Self {
        Self { kind, is_constant: false, argument: None }
    }
}

/// What is known at one point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) slots: Vec<Kind>,
    pub(super) stack: Vec<Known>,
}

/// What is known of a function.
#[derive(Debug)]
pub(super) struct Facts {
    /// At the beginning of each block.
    pub(super) at: Vec<State>,
    /// All that is ever read of each variable.
    pub(super) read: Vec<Kind>,
    /// Whether each variable is ever written.
    pub(super) is_written: Vec<bool>,
    /// What each argument is taken to be.
    pub(super) guesses: Vec<Kind>,
}

/// How an argument is used, as far as it tells what it is.
#[derive(Debug, Clone, Copy, Default)]
struct Uses {
    as_int: bool,
    as_float: bool,
    as_other: bool,
}

impl Facts {
    pub(super) fn of(function: &Bytecode, placed: &[Placed], flow: &Flow) -> Result<Self, NativeError> {
        let unknown = vec![Kind::ANY; function.arguments];
        let (facts, uses) = Analysis::run(function, placed, flow, unknown)?;
        let guess = |(slot, uses): (usize, &Uses)| {
            let is_captured = function.captured.get(slot).copied().unwrap_or(true);
            match *uses {
                _ if is_captured => Kind::ANY,
                Uses { as_other: true, .. } => Kind::ANY,
                Uses { as_float: true, .. } => Kind::NUMBER,
                Uses { as_int: true, .. } => Kind::INT,
                Uses { .. } => Kind::ANY,
            }
        };
        let guesses: Vec<Kind> = uses.iter().take(function.arguments).enumerate().map(guess).collect();
        if guesses.iter().all(|guess| *guess == Kind::ANY) {
            return Ok(facts);
        }
        Ok(Analysis::run(function, placed, flow, guesses)?.0)
    }
}

struct Analysis<'a> {
    function: &'a Bytecode,
    read: Vec<Kind>,
    is_written: Vec<bool>,
    uses: Vec<Uses>,
    state: State,
}

const SHORT: NativeError = NativeError::Malformed("a stack that is too short");

impl<'a> Analysis<'a> {
    fn run(
        function: &'a Bytecode,
        placed: &[Placed],
        flow: &Flow,
        guesses: Vec<Kind>,
    ) -> Result<(Facts, Vec<Uses>), NativeError> {
        let slots = function.slots();
        let mut entry = guesses.clone();
        entry.resize(slots, Kind::UNDEFINED);
        let entry = State { slots: entry, stack: Vec::new() };
        let mut analysis = Self {
            function,
            read: vec![Kind::NONE; slots],
            is_written: vec![false; slots],
            uses: vec![Uses::default(); slots],
            state: entry.clone(),
        };
        let mut at: Vec<Option<State>> = vec![None; flow.blocks.len()];
        if let Some(first) = at.first_mut() {
            *first = Some(entry);
        }
        let mut work = vec![0];
        let mut steps = 0;
        while let Some(number) = work.pop() {
            let (Some(block), Some(Some(state))) = (flow.blocks.get(number), at.get(number)) else {
                continue;
            };
            analysis.state = state.clone();
            for one in placed.get(block.first..=block.last).unwrap_or_default() {
                steps += 1;
                if steps > STEPS_MAX {
                    let used = steps;
                    return Err(NativeError::TooLarge { what: "steps of analysis", used, limit: STEPS_MAX });
                }
                analysis.step(&one.op)?;
            }
            for known in &mut analysis.state.stack {
                *known = Known::of(known.kind);
            }
            let (first, second) = match block.end {
                End::Goto(to) => (Some(to), None),
                End::If(yes, no) => (Some(yes), Some(no)),
                End::Nowhere => (None, None),
            };
            for to in first.into_iter().chain(second) {
                if let Some(into) = at.get_mut(to)
                    && join(into, &analysis.state)?
                {
                    work.push(to);
                }
            }
        }
        let at = at.into_iter().collect::<Option<Vec<_>>>();
        let at = at.ok_or(NativeError::Internal("a block that is not reached"))?;
        let Self { read, is_written, uses, .. } = analysis;
        Ok((Facts { at, read, is_written, guesses }, uses))
    }

    fn pop(&mut self) -> Result<Known, NativeError> {
        self.state.stack.pop().ok_or(SHORT)
    }

    fn push(&mut self, kind: Kind) {
        self.state.stack.push(Known::of(kind));
    }

    fn is_captured(&self, slot: Slot) -> bool {
        self.function.captured.get(slot).copied().unwrap_or(true)
    }

    fn kind_of(&self, slot: Slot) -> Kind {
        self.state.slots.get(slot).copied().unwrap_or(Kind::ANY)
    }

    fn note_read(&mut self, slot: Slot, kind: Kind) {
        if let Some(read) = self.read.get_mut(slot) {
            *read = read.or(kind);
        }
    }

    /// Whatever the interpreter may look at, when it goes on from here.
    fn note_all_read(&mut self) {
        for slot in 0..self.function.slots() {
            self.note_read(slot, self.kind_of(slot));
        }
    }

    fn load(&mut self, slot: Slot, is_checked: bool) {
        if self.is_captured(slot) {
            self.push(Kind::ANY);
            return;
        }
        let kind = self.kind_of(slot);
        self.note_read(slot, kind);
        let kind = if is_checked { kind.without(Kind::UNINITIALIZED) } else { kind };
        let argument = (slot < self.function.arguments).then_some(slot);
        self.state.stack.push(Known { kind, is_constant: false, argument });
        if is_checked && let Some(known) = self.state.slots.get_mut(slot) {
            *known = kind;
        }
    }

    fn store(&mut self, slot: Slot, kind: Kind) {
        for known in &mut self.state.stack {
            if known.argument == Some(slot) {
                known.argument = None;
            }
        }
        if let Some(is_written) = self.is_written.get_mut(slot) {
            *is_written = true;
        }
        if !self.is_captured(slot)
            && let Some(known) = self.state.slots.get_mut(slot)
        {
            *known = kind;
        }
    }

    fn use_of(&mut self, known: Known, note: impl FnOnce(&mut Uses)) {
        if let Some(uses) = known.argument.and_then(|slot| self.uses.get_mut(slot)) {
            note(uses);
        }
    }

    fn as_other(&mut self, known: Known) {
        self.use_of(known, |uses| uses.as_other = true);
    }

    fn step(&mut self, op: &Op) -> Result<(), NativeError> {
        // An exception would be handled by the interpreter, which looks at variables.
        if *op == Op::Leave || self.state.stack.iter().any(|known| known.kind == Kind::CATCH) {
            self.note_all_read();
        }
        match op {
            Op::Word(value) => {
                let is_constant = true;
                self.state.stack.push(Known { kind: Kind::of(*value), is_constant, argument: None });
            }
            Op::Constant(at) => {
                let kind = self.function.constants.get(*at).map_or(Kind::ANY, |value| Kind::of(*value));
                self.state.stack.push(Known { kind, is_constant: true, argument: None });
            }
            Op::AtomValue(_) => {
                self.state.stack.push(Known { kind: Kind::STRING, is_constant: true, argument: None });
            }
            Op::Closure(_) | Op::Object => self.push(Kind::OBJECT),
            Op::This => self.push(if self.function.is_strict { Kind::ANY } else { Kind::OBJECT }),
            Op::Shuffle { takes, gives } => {
                let from = self.state.stack.len().checked_sub(*takes).ok_or(SHORT)?;
                let taken = self.state.stack.split_off(from);
                let given = gives.iter().filter_map(|at| taken.get(*at)).copied();
                self.state.stack.extend(given);
            }
            Op::Get { slot, is_checked } => self.load(*slot, *is_checked),
            Op::GetPair(one, other) => {
                self.load(*one, false);
                self.load(*other, false);
            }
            Op::Put { slot, is_checked, is_kept } => {
                let known = self.pop()?;
                if *is_checked && self.kind_of(*slot).may(Kind::UNINITIALIZED) {
                    self.note_read(*slot, self.kind_of(*slot));
                }
                self.store(*slot, known.kind);
                if *is_kept {
                    self.state.stack.push(Known { argument: None, ..known });
                }
            }
            Op::Undeclare(slot) => self.store(*slot, Kind::UNINITIALIZED),
            Op::AddTo(slot) => {
                let known = self.pop()?;
                if !self.is_captured(*slot) {
                    let kind = self.kind_of(*slot);
                    self.note_read(*slot, kind);
                    self.store(*slot, kind.sum(false, known.kind, known.is_constant).0);
                }
            }
            Op::Step { slot, .. } => {
                if !self.is_captured(*slot) {
                    let kind = self.kind_of(*slot);
                    self.note_read(*slot, kind);
                    self.store(*slot, kind.step());
                }
            }
            Op::GetOuter { .. } | Op::GetGlobal { .. } => self.push(Kind::ANY),
            Op::PutOuter { is_kept, .. } => {
                let known = self.pop()?;
                if *is_kept {
                    self.state.stack.push(known);
                }
            }
            Op::PutGlobal { .. } => drop(self.pop()?),
            Op::GetField { is_kept, .. } => {
                let object = self.pop()?;
                self.as_other(object);
                if *is_kept {
                    self.state.stack.push(object);
                }
                self.push(Kind::ANY);
            }
            Op::PutField(_) => {
                self.pop()?;
                let object = self.pop()?;
                self.as_other(object);
            }
            Op::DefineField(_) => drop(self.pop()?),
            Op::GetLength => {
                let object = self.pop()?;
                self.as_other(object);
                self.push(Kind::ANY);
            }
            Op::GetElement { is_kept } => {
                self.pop()?;
                let object = self.pop()?;
                self.as_other(object);
                if *is_kept {
                    self.state.stack.push(object);
                }
                self.push(Kind::ANY);
            }
            Op::PutElement => {
                self.pop()?;
                self.pop()?;
                let object = self.pop()?;
                self.as_other(object);
            }
            Op::Call { arguments, is_method, .. } => {
                for _ in 0..*arguments {
                    self.pop()?;
                }
                let function = self.pop()?;
                self.as_other(function);
                if *is_method {
                    self.pop()?;
                }
                self.push(Kind::ANY);
            }
            Op::Construct(arguments) => {
                for _ in 0..*arguments + 2 {
                    self.pop()?;
                }
                self.push(Kind::ANY);
            }
            Op::Array(count) => {
                for _ in 0..*count {
                    self.pop()?;
                }
                self.push(Kind::OBJECT);
            }
            Op::Unary(unary) => {
                let known = self.pop()?;
                self.use_of(known, |uses| uses.as_int = true);
                self.push(unary_kind(*unary, known.kind));
            }
            Op::Postfix { .. } => {
                let known = self.pop()?;
                self.use_of(known, |uses| uses.as_int = true);
                // What is no number is left to the interpreter.
                let kind = if known.kind.within(Kind::NUMBER) { known.kind } else { Kind::NUMBER };
                self.push(kind);
                self.push(kind.step());
            }
            Op::Arithmetic(_) | Op::Bitwise(_) | Op::Compare(_) | Op::Relation { .. } => {
                let (right, left) = (self.pop()?, self.pop()?);
                self.note_operands(op, left, right);
                self.note_operands(op, right, left);
                self.push(match op {
                    Op::Arithmetic(Arithmetic::Add) => {
                        left.kind.sum(left.is_constant, right.kind, right.is_constant).0
                    }
                    Op::Arithmetic(_) => left.kind.arithmetic(right.kind),
                    Op::Bitwise(bitwise) => bitwise_kind(*bitwise, left.kind, right.kind),
                    _ => Kind::BOOL,
                });
            }
            Op::Not | Op::Test(_) => {
                self.pop()?;
                self.push(Kind::BOOL);
            }
            Op::TypeOf => {
                let known = self.pop()?;
                self.as_other(known);
                self.push(Kind::STRING);
            }
            Op::If { .. } | Op::Return { is_undefined: false } | Op::Throw => drop(self.pop()?),
            Op::Catch(_) => self.push(Kind::CATCH),
            Op::DropToCatch => {
                let result = self.pop()?;
                while self.pop()?.kind != Kind::CATCH {}
                self.state.stack.push(result);
            }
            Op::Engine(engine) => self.engine(engine)?,
            Op::Goto(_)
            | Op::Return { is_undefined: true }
            | Op::CloseVariable(_)
            | Op::CheckConstructor
            | Op::Nothing
            | Op::Leave => {}
        }
        if self.state.stack.len() > self.function.stack {
            return Err(NativeError::Malformed("a stack that is deeper than it says"));
        }
        Ok(())
    }

    fn engine(&mut self, engine: &Engine) -> Result<(), NativeError> {
        let from = self.state.stack.len().checked_sub(engine.reach).ok_or(SHORT)?;
        let before = self.state.stack.split_off(from);
        for known in &before {
            self.as_other(*known);
        }
        for (at, left) in engine.leaves.iter().enumerate() {
            self.push(match left {
                Left::A(kind) => *kind,
                Left::Same => before.get(at).ok_or(SHORT)?.kind,
            });
        }
        Ok(())
    }

    /// What an operator tells of an argument beside what is on its other side.
    fn note_operands(&mut self, op: &Op, one: Known, other: Known) {
        let is_float = other.kind.may(Kind::FLOAT) && other.kind.within(Kind::NUMBER);
        self.use_of(one, |uses| match op {
            Op::Arithmetic(Arithmetic::Add) => uses.as_float |= is_float,
            Op::Arithmetic(Arithmetic::Subtract)
            | Op::Compare(
                Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual,
            ) => {
                uses.as_float |= is_float;
                uses.as_int |= !is_float;
            }
            Op::Arithmetic(_) => {
                let is_int = other.kind.within(Kind::INT);
                uses.as_float |= !is_int;
                uses.as_int |= is_int;
            }
            Op::Bitwise(_) => uses.as_int = true,
            Op::Relation { .. } => uses.as_other = true,
            _ => {}
        });
    }
}

pub(super) fn unary_kind(unary: Unary, kind: Kind) -> Kind {
    match unary {
        Unary::Plus => Kind::NUMBER,
        Unary::Negate if kind.within(Kind::NUMERIC) => Kind::NUMBER,
        Unary::Negate => Kind::ANY,
        Unary::Invert => kind.bitwise(kind),
        Unary::Increment | Unary::Decrement => kind.step(),
    }
}

pub(super) fn bitwise_kind(bitwise: Bitwise, left: Kind, right: Kind) -> Kind {
    match bitwise {
        // Up to 2^32; of a bigint it is an error.
        Bitwise::ShiftRightUnsigned => Kind::NUMBER,
        _ => left.bitwise(right),
    }
}

/// Adds what is known on another way to a block. Whether that is new.
fn join(into: &mut Option<State>, from: &State) -> Result<bool, NativeError> {
    let Some(into) = into else {
        *into = Some(from.clone());
        return Ok(true);
    };
    if into.stack.len() != from.stack.len() {
        return Err(NativeError::Malformed("a stack of several depths"));
    }
    let mut is_new = false;
    let kinds = into.slots.iter_mut().chain(into.stack.iter_mut().map(|known| &mut known.kind));
    for (kind, other) in kinds.zip(from.slots.iter().chain(from.stack.iter().map(|known| &known.kind))) {
        let both = kind.or(*other);
        is_new |= both != *kind;
        *kind = both;
    }
    Ok(is_new)
}
