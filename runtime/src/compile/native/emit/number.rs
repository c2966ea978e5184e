//! Numbers: operators on ints and floats where that is what the operands are, and by the engine where it may be anything.

use wasm_encoder::{BlockType, Instruction as W, ValType};

use super::value::Held;
use super::{Emitter, INTERNAL, Kind, Label, NativeError, Place, Slot, Value, word};
use crate::compile::native::facts::{bitwise_kind, unary_kind};
use crate::compile::native::op::{Arithmetic, Bitwise, Comparison, Unary};

/// Integers up to here are exact as floats.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// The largest size of an integer that this is; `None` where it may be none.
fn bound_of(kind: Kind, value: Value) -> Option<f64> {
    match value {
        Value::Int(int) => Some(f64::from(int).abs()),
        Value::Long(_, bound) => Some(bound),
        _ => kind.within(Kind::INT).then_some(2_147_483_648.0),
    }
}

impl Emitter<'_, '_> {
    fn bound(&self, value: Value) -> Option<f64> {
        bound_of(self.kind(value), value)
    }

    fn put_long(&mut self, value: Value) -> Result<(), NativeError> {
        match self.view(value) {
            Value::Int(int) => self.put(W::I64Const(int.into())),
            Value::Long(local, _) => self.get(local),
            other => {
                self.put_int(other)?;
                self.put(W::I64ExtendI32S);
            }
        }
        Ok(())
    }

    /// Leaves to the interpreter what is not the number that it is taken for. `from_top` says where on the stack it is.
    fn guard_number(&mut self, from_top: usize) -> Result<(), NativeError> {
        let at = self.stack.len().checked_sub(1 + from_top).ok_or(INTERNAL)?;
        let value = self.stack.get(at).copied().ok_or(INTERNAL)?;
        let held = self.hold(value)?;
        self.put_is_number(held.local);
        self.put(W::I32Eqz);
        self.interpret_if()?;
        self.let_go(held);
        // A number has no reference count.
        let known = match value {
            Value::Boxed { local, .. } => Value::Boxed { local, is_owned: false, kind: Kind::NUMBER },
            Value::Variable(slot, _) => Value::Variable(slot, Kind::NUMBER),
            other => other,
        };
        if let Some(place) = self.stack.get_mut(at) {
            *place = known;
        }
        Ok(())
    }

    pub(super) fn arithmetic(&mut self, operator: Arithmetic) -> Result<(), NativeError> {
        let count = self.stack.len();
        let of = |at: usize| count.checked_sub(at).and_then(|at| self.stack.get(at)).copied().ok_or(INTERNAL);
        let (left, right) = (of(2)?, of(1)?);
        let (left_kind, right_kind) = (self.kind(left), self.kind(right));
        let (kind, guesses) = if operator == Arithmetic::Add {
            left_kind.sum(Self::is_constant(left), right_kind, Self::is_constant(right))
        } else {
            (left_kind.arithmetic(right_kind), [false; 2])
        };
        if guesses[0] {
            self.guard_number(1)?;
        }
        if guesses[1] {
            self.guard_number(0)?;
        }
        let (right, left) = (self.pop_viewed()?, self.pop_viewed()?);
        let result = self.apply(operator, left, right, kind)?;
        self.stack.push(result);
        Ok(())
    }

    fn apply(
        &mut self,
        operator: Arithmetic,
        left: Value,
        right: Value,
        kind: Kind,
    ) -> Result<Value, NativeError> {
        if let Some(result) = self.exact(operator, left, right)? {
            return Ok(result);
        }
        let (left_kind, right_kind) = (self.kind(left), self.kind(right));
        let numbers = left_kind.within(Kind::NUMBER) && right_kind.within(Kind::NUMBER);
        let are_boxed = matches!((left, right), (Value::Boxed { .. }, Value::Boxed { .. }));
        if numbers && (!are_boxed || !matches!(operator, Arithmetic::Add | Arithmetic::Subtract)) {
            let result = self.temporary(ValType::F64)?;
            self.put_float(left)?;
            self.put_float(right)?;
            self.put_float_operator(operator);
            self.set(result);
            self.recycle(left);
            self.recycle(right);
            return Ok(Value::F64(result, Kind::NUMBER));
        }
        self.apply_to_any(operator, left, right, kind)
    }

    /// The operator on what are integers, where the result is exact.
    fn exact(
        &mut self,
        operator: Arithmetic,
        left: Value,
        right: Value,
    ) -> Result<Option<Value>, NativeError> {
        let (Some(a), Some(b)) = (self.bound(left), self.bound(right)) else { return Ok(None) };
        let is_positive = |value| matches!(value, Value::Int(int) if int > 0);
        let (bound, instruction) = match operator {
            Arithmetic::Add => (a + b, W::I64Add),
            Arithmetic::Subtract => (a + b, W::I64Sub),
            // A negative number times zero is -0, which is no integer.
            Arithmetic::Multiply if is_positive(left) || is_positive(right) => (a * b, W::I64Mul),
            Arithmetic::Remainder if is_positive(right) => {
                return self.exact_remainder(left, right, b).map(Some);
            }
            _ => return Ok(None),
        };
        if bound > EXACT_MAX {
            return Ok(None);
        }
        let result = self.temporary(ValType::I64)?;
        self.put_long(left)?;
        self.put_long(right)?;
        self.put(instruction);
        self.set(result);
        self.recycle(left);
        self.recycle(right);
        Ok(Some(Value::Long(result, bound)))
    }

    /// By a positive constant. A negative number may leave -0, which is left to the interpreter.
    fn exact_remainder(&mut self, left: Value, right: Value, bound: f64) -> Result<Value, NativeError> {
        let (number, rest) = (self.temporary(ValType::I64)?, self.temporary(ValType::I64)?);
        self.put_long(left)?;
        self.put(W::LocalTee(number));
        self.put_long(right)?;
        self.puts([W::I64RemS, W::LocalTee(rest), W::I64Eqz]);
        self.puts([W::LocalGet(number), W::I64Const(0), W::I64LtS, W::I32And]);
        self.stack.extend([left, right]);
        self.interpret_if()?;
        self.stack.truncate(self.stack.len().saturating_sub(2));
        self.recycle_local(number);
        self.recycle(left);
        Ok(Value::Long(rest, bound))
    }

    fn put_float_operator(&mut self, operator: Arithmetic) {
        match operator {
            Arithmetic::Add => self.put(W::F64Add),
            Arithmetic::Subtract => self.put(W::F64Sub),
            Arithmetic::Multiply => self.put(W::F64Mul),
            Arithmetic::Divide => self.put(W::F64Div),
            Arithmetic::Remainder => self.call(self.unit.layout.helpers.remainder),
            Arithmetic::Power => self.call(self.unit.layout.helpers.power),
        }
    }

    /// Ints, then numbers, then whatever the engine makes of it.
    fn apply_to_any(
        &mut self,
        operator: Arithmetic,
        left: Value,
        right: Value,
        kind: Kind,
    ) -> Result<Value, NativeError> {
        let (left_kind, right_kind) = (self.kind(left), self.kind(right));
        let (a, b) = (self.hold(left)?, self.hold(right)?);
        let result = self.temporary(ValType::I64)?;
        self.block(Label::Inner);
        if left_kind.may(Kind::INT) && right_kind.may(Kind::INT) {
            self.apply_to_ints(operator, a, b, result)?;
        }
        if left_kind.may(Kind::NUMBER) && right_kind.may(Kind::NUMBER) {
            self.block(Label::Inner);
            for held in [a, b] {
                self.put_is_number(held.local);
                self.put(W::I32Eqz);
                self.leave_block_if(0);
            }
            let float = self.temporary(ValType::F64)?;
            self.put_float_of(a.local);
            self.put_float_of(b.local);
            self.put_float_operator(operator);
            self.set(float);
            let may_be_int = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
            self.put_boxed(Value::F64(float, if may_be_int { Kind::NUMBER } else { Kind::FLOAT }))?;
            self.set(result);
            self.recycle_local(float);
            self.put(W::Br(1));
            self.close();
        }
        let number = self.unit.numbers.arithmetic[operator as usize];
        self.apply_by_engine(number, left, right, result)?;
        self.close();
        self.finish(&[(left, a), (right, b)]);
        Ok(Value::Boxed { local: result, is_owned: true, kind })
    }

    /// Operands that were used, in one way of control or another.
    fn finish(&mut self, operands: &[(Value, Held)]) {
        for (value, held) in operands {
            self.let_go(*held);
            self.recycle(*value);
        }
    }

    /// Leaves the block around with the result where both are ints.
    fn apply_to_ints(
        &mut self,
        operator: Arithmetic,
        a: Held,
        b: Held,
        result: u32,
    ) -> Result<(), NativeError> {
        let instruction = match operator {
            Arithmetic::Add => W::I64Add,
            Arithmetic::Subtract => W::I64Sub,
            Arithmetic::Multiply => W::I64Mul,
            Arithmetic::Remainder => return self.remainder_of_ints(a, b, result),
            Arithmetic::Divide | Arithmetic::Power => return Ok(()),
        };
        self.block(Label::Inner);
        self.put_are_ints(a.local, b.local);
        self.put(W::I32Eqz);
        self.leave_block_if(0);
        let exact = self.temporary(ValType::I64)?;
        for held in [a, b] {
            self.get(held.local);
            self.put(W::I64Extend32S);
        }
        self.put(instruction);
        self.set(exact);
        if operator == Arithmetic::Multiply {
            // Zero with a sign, and what is beyond an int, are for floats.
            self.puts([W::LocalGet(exact), W::I64Eqz]);
            self.leave_block_if(0);
        }
        self.puts([W::LocalGet(exact), W::LocalGet(exact), W::I64Extend32S, W::I64Ne]);
        self.leave_block_if(0);
        self.get(exact);
        self.long(0xffff_ffff);
        self.puts([W::I64And, W::LocalSet(result)]);
        self.recycle_local(exact);
        self.put(W::Br(1));
        self.close();
        Ok(())
    }

    fn remainder_of_ints(&mut self, a: Held, b: Held, result: u32) -> Result<(), NativeError> {
        self.block(Label::Inner);
        self.put_are_ints(a.local, b.local);
        self.put(W::I32Eqz);
        self.leave_block_if(0);
        self.puts([W::LocalGet(a.local), W::I32WrapI64, W::I32Const(0), W::I32LtS]);
        self.leave_block_if(0);
        self.puts([W::LocalGet(b.local), W::I32WrapI64, W::I32Const(0), W::I32LeS]);
        self.leave_block_if(0);
        self.puts([W::LocalGet(a.local), W::I32WrapI64, W::LocalGet(b.local), W::I32WrapI64]);
        self.puts([W::I32RemU, W::I64ExtendI32U, W::LocalSet(result), W::Br(1)]);
        self.close();
        Ok(())
    }

    /// The engine takes both operands, and what it makes of them is in `result`.
    pub(super) fn apply_by_engine(
        &mut self,
        number: i32,
        left: Value,
        right: Value,
        result: u32,
    ) -> Result<(), NativeError> {
        self.note_place();
        self.put_owned(left)?;
        self.put_owned(right)?;
        self.put(W::I32Const(number));
        self.call(self.unit.layout.helpers.binary);
        self.set(result);
        self.check(result, &[])
    }

    /// An operator that only the engine applies.
    pub(super) fn relation(&mut self, number: i32) -> Result<(), NativeError> {
        let (right, left) = (self.pop()?, self.pop()?);
        let result = self.temporary(ValType::I64)?;
        self.apply_by_engine(number, left, right, result)?;
        self.recycle(left);
        self.recycle(right);
        self.push_boxed_local(result, Kind::BOOL);
        Ok(())
    }

    // ---- bits ----

    pub(super) fn bitwise(&mut self, operator: Bitwise) -> Result<(), NativeError> {
        let (right, left) = (self.pop_viewed()?, self.pop_viewed()?);
        let (left_kind, right_kind) = (self.kind(left), self.kind(right));
        let simple = Kind::NUMBER.or(Kind::BOOL);
        let kind = bitwise_kind(operator, left_kind, right_kind);
        let instruction = match operator {
            Bitwise::ShiftLeft => W::I32Shl,
            Bitwise::ShiftRight => W::I32ShrS,
            Bitwise::ShiftRightUnsigned => W::I32ShrU,
            Bitwise::And => W::I32And,
            Bitwise::Or => W::I32Or,
            Bitwise::Xor => W::I32Xor,
        };
        let is_unsigned = operator == Bitwise::ShiftRightUnsigned;
        if left_kind.within(simple) && right_kind.within(simple) {
            self.put_bits(left)?;
            self.put_bits(right)?;
            self.put(instruction);
            self.recycle(left);
            self.recycle(right);
            let result = if is_unsigned {
                self.put(W::I64ExtendI32U);
                Value::Long(self.temporary(ValType::I64)?, 4_294_967_296.0)
            } else {
                Value::I32(self.temporary(ValType::I32)?)
            };
            if let Value::Long(local, _) | Value::I32(local) = result {
                self.set(local);
            }
            self.stack.push(result);
            return Ok(());
        }
        let (a, b) = (self.hold(left)?, self.hold(right)?);
        let result = self.temporary(ValType::I64)?;
        self.block(Label::Inner);
        if !is_unsigned && left_kind.may(Kind::INT) && right_kind.may(Kind::INT) {
            self.block(Label::Inner);
            self.put_are_ints(a.local, b.local);
            self.put(W::I32Eqz);
            self.leave_block_if(0);
            self.puts([W::LocalGet(a.local), W::I32WrapI64, W::LocalGet(b.local), W::I32WrapI64]);
            self.puts([instruction, W::I64ExtendI32U, W::LocalSet(result), W::Br(1)]);
            self.close();
        }
        let number = self.unit.numbers.bitwise[operator as usize];
        self.apply_by_engine(number, left, right, result)?;
        self.close();
        self.finish(&[(left, a), (right, b)]);
        self.push_boxed_local(result, kind);
        Ok(())
    }

    /// A number's lower 32 bits.
    fn put_bits(&mut self, value: Value) -> Result<(), NativeError> {
        let kind = self.kind(value);
        if kind.within(Kind::INT.or(Kind::BOOL)) || matches!(value, Value::Long(..)) {
            return self.put_int(value);
        }
        let (float, whole) = (self.temporary(ValType::F64)?, self.temporary(ValType::I64)?);
        let result = self.temporary(ValType::I32)?;
        self.put_float(value)?;
        self.puts([W::LocalTee(float), W::I64TruncSatF64S, W::LocalTee(whole)]);
        // At its ends it says nothing of the lower bits.
        self.puts([W::I64Const(1), W::I64Add, W::I64Const(i64::MIN + 1), W::I64LeS]);
        self.put(W::If(BlockType::Empty));
        self.labels.push(Label::Inner);
        self.get(float);
        self.call(self.unit.layout.helpers.int_of);
        self.puts([W::LocalSet(result), W::Else]);
        self.puts([W::LocalGet(whole), W::I32WrapI64, W::LocalSet(result)]);
        self.close();
        self.get(result);
        self.recycle_local(float);
        self.recycle_local(whole);
        self.recycle_local(result);
        Ok(())
    }

    // ---- one operand ----

    pub(super) fn unary(&mut self, unary: Unary) -> Result<(), NativeError> {
        let value = self.pop_viewed()?;
        let kind = self.kind(value);
        match unary {
            Unary::Plus if kind.within(Kind::NUMBER) => self.stack.push(value),
            Unary::Negate if kind.within(Kind::NUMBER) => {
                let result = self.temporary(ValType::F64)?;
                self.put_float(value)?;
                self.puts([W::F64Neg, W::LocalSet(result)]);
                self.recycle(value);
                self.stack.push(Value::F64(result, Kind::NUMBER));
            }
            Unary::Invert if kind.within(Kind::NUMBER) => {
                let result = self.temporary(ValType::I32)?;
                self.put_bits(value)?;
                self.puts([W::I32Const(-1), W::I32Xor, W::LocalSet(result)]);
                self.recycle(value);
                self.stack.push(Value::I32(result));
            }
            Unary::Increment | Unary::Decrement => {
                self.stack.push(value);
                let result = self.step(value, unary == Unary::Increment)?;
                self.stack.pop();
                self.recycle(value);
                self.stack.push(result);
            }
            _ => {
                let result = self.temporary(ValType::I64)?;
                self.apply_unary_by_engine(unary, value, result)?;
                self.recycle(value);
                self.push_boxed_local(result, unary_kind(unary, kind));
            }
        }
        Ok(())
    }

    fn apply_unary_by_engine(&mut self, unary: Unary, value: Value, result: u32) -> Result<(), NativeError> {
        self.note_place();
        self.put_owned(value)?;
        let number = self.unit.numbers.unary[unary as usize];
        self.put(W::I32Const(number));
        self.call(self.unit.layout.helpers.unary);
        self.set(result);
        self.check(result, &[])
    }

    /// One more or less than a value, which is used up but not recycled. What is on the stack is what the interpreter finds there
    /// if an int leaves its range.
    fn step(&mut self, value: Value, is_up: bool) -> Result<Value, NativeError> {
        let value = self.view(value);
        let kind = self.kind(value);
        let last = if is_up { i32::MAX } else { i32::MIN };
        let by = if is_up { 1 } else { -1 };
        if kind.within(Kind::INT) {
            self.put_int(value)?;
            self.puts([W::I32Const(last), W::I32Eq]);
            self.interpret_if()?;
            let result = self.temporary(ValType::I32)?;
            self.put_int(value)?;
            self.puts([W::I32Const(by), W::I32Add, W::LocalSet(result)]);
            return Ok(Value::I32(result));
        }
        if kind.within(Kind::NUMBER) && !matches!(value, Value::Boxed { .. }) {
            let result = self.temporary(ValType::F64)?;
            self.put_float(value)?;
            self.puts([W::F64Const(f64::from(by).into()), W::F64Add, W::LocalSet(result)]);
            return Ok(Value::F64(result, Kind::NUMBER));
        }
        let held = self.hold(value)?;
        let result = self.temporary(ValType::I64)?;
        self.block(Label::Inner);
        self.block(Label::Inner);
        self.put_is_int(held.local);
        self.get(held.local);
        self.long(word::int(last));
        self.puts([W::I64Ne, W::I32And, W::I32Eqz]);
        self.leave_block_if(0);
        self.puts([W::LocalGet(held.local), W::I32WrapI64, W::I32Const(by), W::I32Add]);
        self.puts([W::I64ExtendI32U, W::LocalSet(result), W::Br(1)]);
        self.close();
        let on_stack = self.stack.pop();
        self.apply_unary_by_engine(if is_up { Unary::Increment } else { Unary::Decrement }, value, result)?;
        self.stack.extend(on_stack);
        self.close();
        self.let_go(held);
        Ok(Value::Boxed { local: result, is_owned: true, kind: kind.step() })
    }

    /// `x++` of what is on the stack: the old value stays below the new one.
    pub(super) fn postfix(&mut self, is_up: bool) -> Result<(), NativeError> {
        let top = self.stack.last().copied().ok_or(INTERNAL)?;
        if !self.kind(top).within(Kind::NUMBER) {
            self.guard_number(0)?;
        }
        let value = self.stack.last().copied().ok_or(INTERNAL)?;
        let result = self.step_number(value, is_up)?;
        self.stack.push(result);
        Ok(())
    }

    /// As `step`, of a number that stays on the stack.
    fn step_number(&mut self, value: Value, is_up: bool) -> Result<Value, NativeError> {
        if self.kind(value).within(Kind::INT) {
            return self.step(value, is_up);
        }
        let result = self.temporary(ValType::F64)?;
        self.put_float(value)?;
        let by = if is_up { 1.0_f64 } else { -1.0 };
        self.puts([W::F64Const(by.into()), W::F64Add, W::LocalSet(result)]);
        Ok(Value::F64(result, Kind::NUMBER))
    }

    /// `x++` of a variable, whose value is not used.
    pub(super) fn step_variable(&mut self, slot: Slot, is_up: bool) -> Result<(), NativeError> {
        let value = self.load(slot)?;
        let viewed = self.view(value);
        if self.kind(viewed).within(Kind::INT) {
            let result = self.step(viewed, is_up)?;
            return self.store(slot, result);
        }
        // `step` takes the top of the stack for what it steps.
        self.stack.push(viewed);
        let result = self.step(viewed, is_up)?;
        self.stack.pop();
        self.recycle(viewed);
        self.store(slot, result)
    }

    /// `x += y` of a variable.
    pub(super) fn add_to(&mut self, slot: Slot) -> Result<(), NativeError> {
        let operand = self.pop()?;
        let is_captured = self.places.get(slot) == Some(&Place::Frame);
        let kind = if is_captured { Kind::ANY } else { self.known.get(slot).copied().ok_or(INTERNAL)? };
        let operand_kind = self.kind(operand);
        let (sum, guesses) = kind.sum(false, operand_kind, Self::is_constant(operand));
        if sum.within(Kind::NUMBER) && !is_captured {
            // The interpreter has only the operand on its stack.
            self.stack.push(operand);
            if guesses[1] {
                self.guard_number(0)?;
            }
            let variable = self.load(slot)?;
            if guesses[0] {
                let held = self.hold(variable)?;
                self.put_is_number(held.local);
                self.put(W::I32Eqz);
                self.interpret_if()?;
                self.let_go(held);
            }
            let variable = match variable {
                Value::Variable(slot, _) if guesses[0] => Value::Variable(slot, Kind::NUMBER),
                other => other,
            };
            let operand = self.pop_viewed()?;
            let variable = self.view(variable);
            let result = self.apply(Arithmetic::Add, variable, operand, Kind::NUMBER)?;
            return self.store(slot, result);
        }
        let variable = self.load(slot)?;
        let viewed = self.view(variable);
        let (a, b) = (self.hold(viewed)?, self.take(operand)?);
        let result = self.temporary(ValType::I64)?;
        self.block(Label::Inner);
        if kind.may(Kind::INT) && operand_kind.may(Kind::INT) {
            self.block(Label::Inner);
            self.put_are_ints(a.local, b);
            self.put(W::I32Eqz);
            self.leave_block_if(0);
            let exact = self.temporary(ValType::I64)?;
            self.puts([W::LocalGet(a.local), W::I64Extend32S, W::LocalGet(b), W::I64Extend32S]);
            self.puts([W::I64Add, W::LocalTee(exact), W::LocalGet(exact), W::I64Extend32S, W::I64Ne]);
            self.leave_block_if(0);
            self.get(exact);
            self.long(0xffff_ffff);
            self.puts([W::I64And, W::LocalSet(result), W::Br(1)]);
            self.recycle_local(exact);
            self.close();
        }
        self.note_place();
        self.puts([W::LocalGet(a.local), W::LocalGet(b)]);
        self.call(self.unit.layout.helpers.add_to);
        self.set(result);
        self.check(result, &[viewed])?;
        self.close();
        self.recycle_local(b);
        self.let_go(a);
        self.dispose(viewed);
        self.store(slot, Value::Boxed { local: result, is_owned: true, kind: sum })
    }

    // ---- comparisons ----

    pub(super) fn compare(&mut self, comparison: Comparison) -> Result<(), NativeError> {
        let (right, left) = (self.pop_viewed()?, self.pop_viewed()?);
        let truth = self.temporary(ValType::I32)?;
        if !self.compare_known(comparison, left, right, truth)? {
            self.compare_any(comparison, left, right, truth)?;
        }
        self.stack.push(Value::Bool(truth));
        Ok(())
    }

    /// Where the operands' kinds say how they compare. Whether they do.
    fn compare_known(
        &mut self,
        comparison: Comparison,
        left: Value,
        right: Value,
        truth: u32,
    ) -> Result<bool, NativeError> {
        let (left_kind, right_kind) = (self.kind(left), self.kind(right));
        let (ints, floats) = instructions(comparison);
        let all = |kind: Kind| left_kind.within(kind) && right_kind.within(kind);
        if all(Kind::INT) {
            self.put_int(left)?;
            self.put_int(right)?;
            self.puts([ints, W::LocalSet(truth)]);
        } else if all(Kind::NUMBER) {
            self.put_float(left)?;
            self.put_float(right)?;
            self.puts([floats, W::LocalSet(truth)]);
        } else if let Comparison::Equal { is_strict, is_negated } = comparison {
            let nullish = |value| matches!(value, Value::Word(word::NULL | word::UNDEFINED));
            let (constant, other) =
                if matches!(left, Value::Word(_)) { (left, right) } else { (right, left) };
            let Value::Word(constant) = constant else { return Ok(false) };
            if is_strict {
                // undefined, null, true and false are their bits.
                self.put_boxed(other)?;
                self.long(constant);
                self.put(W::I64Eq);
            } else if nullish(Value::Word(constant)) {
                self.put_is_nullish(other)?;
            } else {
                return Ok(false);
            }
            if is_negated {
                self.put(W::I32Eqz);
            }
            self.set(truth);
            self.dispose(other);
            return Ok(true);
        } else {
            return Ok(false);
        }
        self.recycle(left);
        self.recycle(right);
        Ok(true)
    }

    /// Whether it is null or undefined, on WebAssembly's stack.
    pub(super) fn put_is_nullish(&mut self, value: Value) -> Result<(), NativeError> {
        let held = self.hold(value)?;
        self.get(held.local);
        self.long(word::NULL);
        self.put(W::I64Eq);
        self.get(held.local);
        self.long(word::UNDEFINED);
        self.puts([W::I64Eq, W::I32Or]);
        self.let_go(held);
        Ok(())
    }

    fn compare_any(
        &mut self,
        comparison: Comparison,
        left: Value,
        right: Value,
        truth: u32,
    ) -> Result<(), NativeError> {
        let (left_kind, right_kind) = (self.kind(left), self.kind(right));
        let (ints, floats) = instructions(comparison);
        let (a, b) = (self.hold(left)?, self.hold(right)?);
        self.block(Label::Inner);
        if left_kind.may(Kind::INT) && right_kind.may(Kind::INT) {
            self.block(Label::Inner);
            self.put_are_ints(a.local, b.local);
            self.put(W::I32Eqz);
            self.leave_block_if(0);
            self.puts([W::LocalGet(a.local), W::I32WrapI64, W::LocalGet(b.local), W::I32WrapI64]);
            self.puts([ints, W::LocalSet(truth), W::Br(1)]);
            self.close();
        }
        let same = match comparison {
            Comparison::Equal { is_negated, .. } => Some(!is_negated),
            _ => None,
        };
        if let Some(same) = same
            && left_kind.may(Kind::COUNTED)
            && right_kind.may(Kind::COUNTED)
        {
            // The same object, or the same string.
            self.block(Label::Inner);
            self.puts([W::LocalGet(a.local), W::LocalGet(b.local), W::I64Ne, W::LocalGet(a.local)]);
            self.long(word::FIRST_COUNTED);
            self.puts([W::I64LtU, W::I32Or]);
            self.leave_block_if(0);
            self.puts([W::I32Const(i32::from(same)), W::LocalSet(truth)]);
            self.release_value(left);
            self.release_value(right);
            self.put(W::Br(1));
            self.close();
        }
        if left_kind.may(Kind::NUMBER) && right_kind.may(Kind::NUMBER) {
            self.block(Label::Inner);
            for held in [a, b] {
                self.put_is_number(held.local);
                self.put(W::I32Eqz);
                self.leave_block_if(0);
            }
            self.put_float_of(a.local);
            self.put_float_of(b.local);
            self.puts([floats, W::LocalSet(truth), W::Br(1)]);
            self.close();
        }
        let result = self.temporary(ValType::I64)?;
        let number = self.unit.numbers.comparisons[number_of(comparison)];
        self.apply_by_engine(number, left, right, result)?;
        self.puts([W::LocalGet(result), W::I32WrapI64, W::LocalSet(truth)]);
        self.recycle_local(result);
        self.close();
        self.finish(&[(left, a), (right, b)]);
        Ok(())
    }
}

/// The instructions for ints and for floats.
fn instructions(comparison: Comparison) -> (W<'static>, W<'static>) {
    match comparison {
        Comparison::Less => (W::I32LtS, W::F64Lt),
        Comparison::LessOrEqual => (W::I32LeS, W::F64Le),
        Comparison::Greater => (W::I32GtS, W::F64Gt),
        Comparison::GreaterOrEqual => (W::I32GeS, W::F64Ge),
        Comparison::Equal { is_negated: false, .. } => (W::I32Eq, W::F64Eq),
        Comparison::Equal { is_negated: true, .. } => (W::I32Ne, W::F64Ne),
    }
}

/// Its place among the engine's numbers.
fn number_of(comparison: Comparison) -> usize {
    match comparison {
        Comparison::Less => 0,
        Comparison::LessOrEqual => 1,
        Comparison::Greater => 2,
        Comparison::GreaterOrEqual => 3,
        Comparison::Equal { is_strict, is_negated } => {
            4 + 2 * usize::from(is_strict) + usize::from(is_negated)
        }
    }
}
