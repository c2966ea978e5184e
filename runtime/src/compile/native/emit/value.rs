//! Values: from one form into another, and their reference counts.

use wasm_encoder::{BlockType, Instruction as W, ValType};

use super::{Emitter, INTERNAL, Kind, NativeError, Place, Slot, Value, word};

/// A local with a value as the engine has it; temporary where it was made for this.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) local: u32,
    is_made: bool,
}

impl Emitter<'_, '_> {
    pub(super) fn kind(&self, value: Value) -> Kind {
        match value {
            Value::Int(_) | Value::I32(_) => Kind::INT,
            Value::Float(_) => Kind::FLOAT,
            Value::Word(word) => Kind::of(word),
            Value::Heap(_, kind) | Value::F64(_, kind) | Value::Variable(_, kind) => kind,
            Value::Boxed { kind, .. } => kind,
            Value::Long(..) => Kind::NUMBER,
            Value::Bool(_) => Kind::BOOL,
        }
    }

    pub(super) fn is_constant(value: Value) -> bool {
        matches!(value, Value::Int(_) | Value::Float(_) | Value::Word(_) | Value::Heap(..))
    }

    /// A variable as what it is kept in.
    pub(super) fn view(&self, value: Value) -> Value {
        let Value::Variable(slot, kind) = value else { return value };
        match self.places.get(slot) {
            Some(Place::Int(local)) => Value::I32(*local),
            Some(Place::Float(local)) => Value::F64(*local, kind),
            Some(Place::Boxed(local) | Place::Borrowed(local)) => {
                Value::Boxed { local: *local, is_owned: false, kind }
            }
            Some(Place::Frame) | None => value,
        }
    }

    // ---- onto WebAssembly's stack ----

    /// As the engine has it, without a reference of its own.
    pub(super) fn put_boxed(&mut self, value: Value) -> Result<(), NativeError> {
        match self.view(value) {
            Value::Int(int) => self.long(word::int(int)),
            Value::Float(float) => self.long(word::float(float)),
            Value::Word(word) | Value::Heap(word, _) => self.long(word),
            Value::I32(local) => {
                self.get(local);
                self.put(W::I64ExtendI32U);
            }
            Value::Bool(local) => {
                self.get(local);
                self.put(W::I64ExtendI32U);
                self.long(word::FALSE);
                self.put(W::I64Or);
            }
            Value::Long(local, bound) => self.put_boxed_long(local, bound),
            Value::F64(local, kind) => self.put_boxed_float(local, kind)?,
            Value::Boxed { local, .. } => self.get(local),
            Value::Variable(..) => return Err(INTERNAL),
        }
        Ok(())
    }

    fn put_boxed_long(&mut self, local: u32, bound: f64) {
        self.get(local);
        self.long(0xffff_ffff);
        self.put(W::I64And);
        if bound <= f64::from(i32::MAX) {
            return;
        }
        self.get(local);
        self.puts([W::F64ConvertI64S, W::I64ReinterpretF64]);
        self.long(word::FLOAT_ADDEND);
        self.put(W::I64Sub);
        self.puts([W::LocalGet(local), W::LocalGet(local), W::I64Extend32S, W::I64Eq, W::Select]);
    }

    /// A float as a value: NaN in its one form, an integer as an int where it may be one.
    fn put_boxed_float(&mut self, local: u32, kind: Kind) -> Result<(), NativeError> {
        let put = |this: &mut Self| {
            this.get(local);
            this.put(W::I64ReinterpretF64);
            this.long(word::FLOAT_ADDEND);
            this.put(W::I64Sub);
            this.long(word::NAN);
            this.puts([W::LocalGet(local), W::LocalGet(local), W::F64Eq, W::Select]);
        };
        if !kind.may(Kind::INT) {
            put(self);
            return Ok(());
        }
        let int = self.temporary(ValType::I32)?;
        self.puts([W::LocalGet(local), W::I32TruncSatF64S, W::LocalTee(int), W::I64ExtendI32U]);
        put(self);
        // -0 is no int: the bits are compared.
        self.puts([W::LocalGet(int), W::F64ConvertI32S, W::I64ReinterpretF64]);
        self.puts([W::LocalGet(local), W::I64ReinterpretF64, W::I64Eq, W::Select]);
        self.recycle_local(int);
        Ok(())
    }

    /// As the engine has it, with a reference: the value's own where it has one.
    pub(super) fn put_owned(&mut self, value: Value) -> Result<(), NativeError> {
        match self.view(value) {
            Value::Boxed { local, is_owned: false, kind } => {
                self.retain(local, kind)?;
                self.get(local);
                Ok(())
            }
            Value::Heap(word, _) => {
                let count = (word as u32).wrapping_sub(self.unit.layout.values.count_before);
                self.int(count);
                self.int(count);
                self.load_i32(0);
                self.int(1);
                self.put(W::I32Add);
                self.store_i32(0);
                self.long(word);
                Ok(())
            }
            other => self.put_boxed(other),
        }
    }

    /// An int's or a truth's value.
    pub(super) fn put_int(&mut self, value: Value) -> Result<(), NativeError> {
        match self.view(value) {
            Value::Int(int) => self.int(int as u32),
            Value::I32(local) | Value::Bool(local) => self.get(local),
            Value::Long(local, _) => {
                self.get(local);
                self.put(W::I32WrapI64);
            }
            Value::Word(word) => self.int(word as u32),
            Value::Boxed { local, .. } => {
                self.get(local);
                self.put(W::I32WrapI64);
            }
            _ => return Err(NativeError::Internal("an int that is none")),
        }
        Ok(())
    }

    /// A number's value, or what undefined, null and truths are as numbers.
    pub(super) fn put_float(&mut self, value: Value) -> Result<(), NativeError> {
        match self.view(value) {
            Value::Int(int) => self.put(W::F64Const(f64::from(int).into())),
            Value::Float(float) => self.put(W::F64Const(float.into())),
            Value::I32(local) | Value::Bool(local) => {
                self.get(local);
                self.put(W::F64ConvertI32S);
            }
            Value::Long(local, _) => {
                self.get(local);
                self.put(W::F64ConvertI64S);
            }
            Value::F64(local, _) => self.get(local),
            Value::Word(word::UNDEFINED) => self.put(W::F64Const(f64::NAN.into())),
            Value::Word(word) => self.put(W::F64Const(f64::from(word as u32 as i32).into())),
            Value::Boxed { local, .. } => self.put_float_of(local),
            Value::Heap(..) | Value::Variable(..) => {
                return Err(NativeError::Internal("a number that is none"));
            }
        }
        Ok(())
    }

    /// Of a local with an int or a float.
    pub(super) fn put_float_of(&mut self, local: u32) {
        self.puts([W::LocalGet(local), W::I32WrapI64, W::F64ConvertI32S, W::LocalGet(local)]);
        self.long(word::FLOAT_ADDEND);
        self.puts([W::I64Add, W::F64ReinterpretI64]);
        self.put_is_int(local);
        self.put(W::Select);
    }

    // ---- what a local holds ----

    pub(super) fn put_tag(&mut self, local: u32) {
        self.get(local);
        self.long(32);
        self.puts([W::I64ShrU, W::I32WrapI64]);
    }

    pub(super) fn put_is_int(&mut self, local: u32) {
        self.put_tag(local);
        self.put(W::I32Eqz);
    }

    pub(super) fn put_is_number(&mut self, local: u32) {
        self.put_is_int(local);
        self.get(local);
        self.long(word::FIRST_FLOAT);
        self.put(W::I64Sub);
        self.long(word::FIRST_COUNTED - word::FIRST_FLOAT);
        self.puts([W::I64LtU, W::I32Or]);
    }

    pub(super) fn put_is_object(&mut self, local: u32) {
        self.put_tag(local);
        self.int(word::TAG_OBJECT);
        self.put(W::I32Eq);
    }

    pub(super) fn put_are_ints(&mut self, one: u32, other: u32) {
        self.puts([W::LocalGet(one), W::LocalGet(other), W::I64Or]);
        self.long(32);
        self.puts([W::I64ShrU, W::I64Eqz]);
    }

    // ---- locals with values ----

    /// The value in a local, as the engine has it.
    pub(super) fn hold(&mut self, value: Value) -> Result<Held, NativeError> {
        if let Value::Boxed { local, .. } = self.view(value) {
            return Ok(Held { local, is_made: false });
        }
        let local = self.temporary(ValType::I64)?;
        self.put_boxed(value)?;
        self.set(local);
        Ok(Held { local, is_made: true })
    }

    pub(super) fn let_go(&mut self, held: Held) {
        if held.is_made {
            self.recycle_local(held.local);
        }
    }

    /// The value in a local of its own, with a reference.
    pub(super) fn take(&mut self, value: Value) -> Result<u32, NativeError> {
        let local = self.temporary(ValType::I64)?;
        self.put_owned(value)?;
        self.set(local);
        self.recycle(value);
        Ok(local)
    }

    /// A value that can be used beside this one.
    pub(super) fn copy(&mut self, value: Value) -> Result<Value, NativeError> {
        let (ty, from) = match value {
            Value::I32(local) | Value::Bool(local) => (ValType::I32, local),
            Value::Long(local, _) => (ValType::I64, local),
            Value::F64(local, _) => (ValType::F64, local),
            Value::Boxed { local, is_owned: true, kind } => {
                self.retain(local, kind)?;
                (ValType::I64, local)
            }
            other => return Ok(other),
        };
        let to = self.temporary(ty)?;
        self.puts([W::LocalGet(from), W::LocalSet(to)]);
        Ok(match value {
            Value::I32(_) => Value::I32(to),
            Value::Bool(_) => Value::Bool(to),
            Value::Long(_, bound) => Value::Long(to, bound),
            Value::F64(_, kind) => Value::F64(to, kind),
            Value::Boxed { kind, .. } => Value::Boxed { local: to, is_owned: true, kind },
            other => other,
        })
    }

    // ---- references ----

    /// One reference more.
    pub(super) fn retain(&mut self, local: u32, kind: Kind) -> Result<(), NativeError> {
        if !kind.may(Kind::COUNTED) {
            return Ok(());
        }
        let is_sure = kind.within(Kind::COUNTED) && !kind.may(Kind::OTHER);
        if !is_sure {
            self.get(local);
            self.long(word::FIRST_COUNTED);
            self.put(W::I64GeU);
            self.open_if();
        }
        let count = self.temporary(ValType::I32)?;
        let before = self.unit.layout.values.count_before;
        self.puts([W::LocalGet(local), W::I32WrapI64]);
        self.int(before);
        self.puts([W::I32Sub, W::LocalTee(count), W::LocalGet(count)]);
        self.load_i32(0);
        self.int(1);
        self.put(W::I32Add);
        self.store_i32(0);
        self.recycle_local(count);
        if !is_sure {
            self.close();
        }
        Ok(())
    }

    /// One reference less.
    pub(super) fn release(&mut self, local: u32, kind: Kind) {
        if !kind.may(Kind::COUNTED) {
            return;
        }
        self.get(local);
        self.long(word::FIRST_COUNTED);
        self.put(W::I64GeU);
        self.open_if();
        self.get(local);
        self.put(W::Call(self.unit.release));
        self.close();
    }

    /// Writes what gives up a value's reference; the value stays known, for another way of control.
    pub(super) fn release_value(&mut self, value: Value) {
        if let Value::Boxed { local, is_owned: true, kind } = value {
            self.release(local, kind);
        }
    }

    /// Is done with a value.
    pub(super) fn dispose(&mut self, value: Value) {
        self.release_value(value);
        self.recycle(value);
    }

    // ---- variables ----

    pub(super) fn load(&mut self, slot: Slot) -> Result<Value, NativeError> {
        if self.places.get(slot) != Some(&Place::Frame) {
            return Ok(Value::Variable(slot, self.known.get(slot).copied().unwrap_or(Kind::ANY)));
        }
        let local = self.temporary(ValType::I64)?;
        self.get(self.state);
        self.load_i64(self.slot_at(slot));
        self.set(local);
        self.retain(local, Kind::ANY)?;
        Ok(Value::Boxed { local, is_owned: true, kind: Kind::ANY })
    }

    /// What is on the stack of a variable that is about to be written becomes a value of its own.
    fn settle(&mut self, slot: Slot) -> Result<(), NativeError> {
        for at in 0..self.stack.len() {
            let Some(Value::Variable(one, kind)) = self.stack.get(at).copied() else { continue };
            if one != slot {
                continue;
            }
            let viewed = self.view(Value::Variable(slot, kind));
            let own = match viewed {
                Value::Boxed { .. } => Value::Boxed { local: self.take(viewed)?, is_owned: true, kind },
                other => self.copy(other)?,
            };
            if let Some(place) = self.stack.get_mut(at) {
                *place = own;
            }
        }
        Ok(())
    }

    pub(super) fn store(&mut self, slot: Slot, value: Value) -> Result<(), NativeError> {
        let kind = self.kind(value);
        self.settle(slot)?;
        let place = self.places.get(slot).copied().ok_or(INTERNAL)?;
        match place {
            // What is never read as what it is now need not be kept.
            Place::Int(_) | Place::Float(_) if !kind.within(Kind::NUMBER) => self.dispose(value),
            Place::Int(local) => {
                if !kind.within(Kind::INT) {
                    // It is never read before it is an int again.
                    self.dispose(value);
                } else {
                    self.put_int(value)?;
                    self.set(local);
                    self.recycle(value);
                }
            }
            Place::Float(local) => {
                self.put_float(value)?;
                self.set(local);
                self.recycle(value);
            }
            Place::Boxed(local) => {
                let before = self.known.get(slot).copied().unwrap_or(Kind::ANY);
                if before.may(Kind::COUNTED) {
                    // The old value goes last: what its end runs must not see it.
                    let (old, new) = (self.temporary(ValType::I64)?, self.take(value)?);
                    self.puts([W::LocalGet(local), W::LocalSet(old), W::LocalGet(new), W::LocalSet(local)]);
                    self.release(old, before);
                    self.recycle_local(old);
                    self.recycle_local(new);
                } else {
                    self.put_owned(value)?;
                    self.set(local);
                    self.recycle(value);
                }
            }
            Place::Frame => {
                let (old, new) = (self.temporary(ValType::I64)?, self.take(value)?);
                let at = self.slot_at(slot);
                self.get(self.state);
                self.load_i64(at);
                self.set(old);
                self.get(self.state);
                self.get(new);
                self.store_i64(at);
                self.release(old, Kind::ANY);
                self.recycle_local(old);
                self.recycle_local(new);
            }
            Place::Borrowed(_) => return Err(NativeError::Internal("an argument that is written")),
        }
        if let Some(known) = self.known.get_mut(slot) {
            *known = kind;
        }
        Ok(())
    }

    /// Moves everything on the stack into the locals where ways of control meet.
    pub(super) fn flush(&mut self) -> Result<(), NativeError> {
        let stack = std::mem::take(&mut self.stack);
        let mut moved = Vec::new();
        // In two steps: a place may be another value's source.
        for (at, value) in stack.iter().enumerate() {
            let home = self.homes.get(at).copied().ok_or(INTERNAL)?;
            if matches!(*value, Value::Boxed { local, is_owned: true, .. } if local == home) {
                continue;
            }
            let local = self.temporary(ValType::I64)?;
            self.put_owned(*value)?;
            self.set(local);
            moved.push((home, local));
        }
        for (home, local) in &moved {
            self.puts([W::LocalGet(*local), W::LocalSet(*home)]);
        }
        for (_, local) in moved {
            self.recycle_local(local);
        }
        for value in stack {
            self.recycle(value);
        }
        Ok(())
    }

    /// Whether it is true, on WebAssembly's stack. The value is used up.
    pub(super) fn put_truth(&mut self, value: Value) -> Result<(), NativeError> {
        let value = self.view(value);
        let kind = self.kind(value);
        let simple = Kind::INT.or(Kind::BOOL).or(Kind::NULL).or(Kind::UNDEFINED);
        if kind.within(simple) {
            self.put_int(value)?;
            self.int(0);
            self.put(W::I32Ne);
            self.recycle(value);
        } else if kind.within(Kind::NUMBER) {
            let float = self.temporary(ValType::F64)?;
            self.put_float(value)?;
            self.puts([W::LocalTee(float), W::F64Const(0.0.into()), W::F64Ne]);
            self.puts([W::LocalGet(float), W::LocalGet(float), W::F64Eq, W::I32And]);
            self.recycle_local(float);
            self.recycle(value);
        } else {
            let held = self.hold(value)?;
            let truth = self.temporary(ValType::I32)?;
            self.get(held.local);
            // Of ints, truths, null and undefined it is the lower half.
            self.long(word::UNINITIALIZED);
            self.puts([W::I64LtU, W::If(BlockType::Empty)]);
            self.labels.push(super::Label::Inner);
            self.puts([W::LocalGet(held.local), W::I32WrapI64, W::I32Const(0), W::I32Ne, W::LocalSet(truth)]);
            self.put(W::Else);
            self.get(held.local);
            self.call(self.unit.layout.helpers.truth);
            self.set(truth);
            self.release_value(value);
            self.close();
            self.let_go(held);
            self.recycle(value);
            self.get(truth);
            self.recycle_local(truth);
        }
        Ok(())
    }
}
