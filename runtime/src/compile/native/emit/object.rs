//! Objects: properties by inline caches, elements of arrays, variables of other functions.

use wasm_encoder::{Instruction as W, ValType};

use super::{Emitter, FUNCTION, INTERNAL, Kind, Label, NativeError, Value, memory, word};
use crate::compile::native::op::Test;

impl Emitter<'_, '_> {
    /// Offset of this instruction's cache.
    fn cache(&mut self) -> u32 {
        let cache = self.next_cache;
        self.next_cache += 1;
        cache * self.unit.layout.values.cache_bytes
    }

    fn put_cache(&mut self, cache: u32, field: u32) {
        self.get(self.caches);
        self.load_i32(cache + field);
    }

    /// Leaves the block around unless the object has the shape that the cache is for; its address is in `object` then.
    fn put_shape_test(&mut self, held: u32, kind: Kind, object: u32, cache: u32) {
        let values = &self.unit.layout.values;
        if !kind.within(Kind::OBJECT) {
            self.put_is_object(held);
            self.put(W::I32Eqz);
            self.leave_block_if(0);
        }
        self.puts([W::LocalGet(held), W::I32WrapI64, W::LocalTee(object)]);
        self.load_i32(values.object_shape);
        self.put_cache(cache, values.cache_shape);
        self.put(W::I32Ne);
        self.leave_block_if(0);
    }

    /// The address of a property of the object's own, on WebAssembly's stack.
    fn put_own_place(&mut self, object: u32, cache: u32) {
        let values = &self.unit.layout.values;
        self.get(object);
        self.load_i32(values.object_properties);
        self.put_cache(cache, values.cache_place);
        self.put(W::I32Add);
    }

    /// Leaves the block around unless this object of the cache still has the shape that it had.
    fn put_holder_test(&mut self, cache: u32, holder: u32, shape: u32) {
        self.put_cache(cache, holder);
        self.load_i32(self.unit.layout.values.object_shape);
        self.put_cache(cache, shape);
        self.put(W::I32Ne);
        self.leave_block_if(0);
    }

    /// Reads a property. `is_kept`: the object stays on the stack, for a call of what is read.
    pub(super) fn get_field(&mut self, atom: u32, is_kept: bool) -> Result<(), NativeError> {
        let values = &self.unit.layout.values;
        let value = self.pop()?;
        let (cache, kind) = (self.cache(), self.kind(value));
        let held = self.hold(value)?;
        let (result, object) = (self.temporary(ValType::I64)?, self.temporary(ValType::I32)?);
        self.block(Label::Inner);
        self.block(Label::Inner);
        self.put_shape_test(held.local, kind, object, cache);
        self.put_cache(cache, values.cache_holder);
        if is_kept {
            // Methods are mostly the prototype's.
            self.open_if();
            self.put_cache(cache, values.cache_holder);
            self.load_i32(values.object_shape);
            self.put_cache(cache, values.cache_holder_shape);
            self.put(W::I32Ne);
            self.leave_block_if(1);
            self.put_cache(cache, values.cache_place);
            self.load_i64(0);
            self.puts([W::LocalSet(result), W::Else]);
            self.put_own_place(object, cache);
            self.load_i64(0);
            self.set(result);
            self.close();
        } else {
            self.leave_block_if(0);
            self.put_own_place(object, cache);
            self.load_i64(0);
            self.set(result);
        }
        self.retain(result, Kind::ANY)?;
        self.put(W::Br(1));
        self.close();
        self.note_place();
        self.get(held.local);
        self.int(atom);
        self.get(self.caches);
        self.int(cache);
        self.put(W::I32Add);
        self.call(self.unit.layout.helpers.get_field);
        self.set(result);
        self.check(result, &[value])?;
        self.close();
        self.recycle_local(object);
        self.let_go(held);
        if is_kept {
            self.stack.push(value);
        } else {
            self.dispose(value);
        }
        self.push_boxed_local(result, Kind::ANY);
        Ok(())
    }

    pub(super) fn put_field(&mut self, atom: u32) -> Result<(), NativeError> {
        let values = &self.unit.layout.values;
        let (value, receiver) = (self.pop()?, self.pop()?);
        let (cache, kind) = (self.cache(), self.kind(receiver));
        let new = self.take(value)?;
        let held = self.hold(receiver)?;
        let object = self.temporary(ValType::I32)?;
        let (place, shape) = (self.temporary(ValType::I32)?, self.temporary(ValType::I32)?);
        let old = self.temporary(ValType::I64)?;
        self.block(Label::Inner);
        self.block(Label::Inner);
        self.put_shape_test(held.local, kind, object, cache);
        self.put_own_place(object, cache);
        self.set(place);
        self.put_cache(cache, values.cache_next_shape);
        self.puts([W::LocalTee(shape), W::I32Eqz]);
        self.open_if();
        self.get(place);
        self.load_i64(0);
        self.set(old);
        self.puts([W::LocalGet(place), W::LocalGet(new)]);
        self.store_i64(0);
        self.release(old, Kind::ANY);
        self.put(W::Br(2));
        self.close();
        // It is added: nothing above may have it by now, and the object must take it.
        self.get(object);
        self.put(W::I32Load8U(memory(self.unit.layout.flags.object_extensible.at, 0)));
        self.int(self.unit.layout.flags.object_extensible.mask.into());
        self.puts([W::I32And, W::I32Eqz]);
        self.leave_block_if(0);
        self.put_holder_test(cache, values.cache_holder, values.cache_holder_shape);
        self.put_holder_test(cache, values.cache_upper, values.cache_upper_shape);
        self.puts([W::LocalGet(place), W::LocalGet(new)]);
        self.store_i64(0);
        self.puts([W::LocalGet(object), W::LocalGet(shape)]);
        self.store_i32(values.object_shape);
        self.put_count(shape, 1);
        // The cache itself holds a reference on the old one: it is not the last.
        self.put_cache(cache, values.cache_shape);
        self.set(shape);
        self.put_count(shape, u32::MAX);
        self.put(W::Br(1));
        self.close();
        self.note_place();
        self.get(held.local);
        self.int(atom);
        self.get(new);
        self.get(self.caches);
        self.int(cache);
        self.put(W::I32Add);
        self.call(self.unit.layout.helpers.put_field);
        self.check_int(&[receiver])?;
        self.close();
        for local in [new, object, place, shape, old] {
            self.recycle_local(local);
        }
        self.let_go(held);
        self.dispose(receiver);
        Ok(())
    }

    /// Changes the reference count of what lies at this address.
    fn put_count(&mut self, local: u32, by: u32) {
        let before = self.unit.layout.values.count_before;
        for _ in 0..2 {
            self.get(local);
            self.int(before);
            self.put(W::I32Sub);
        }
        self.load_i32(0);
        self.int(by);
        self.put(W::I32Add);
        self.store_i32(0);
    }

    pub(super) fn define_field(&mut self, atom: u32) -> Result<(), NativeError> {
        let value = self.pop()?;
        let receiver = self.pop()?;
        let new = self.take(value)?;
        let held = self.hold(receiver)?;
        self.note_place();
        self.get(held.local);
        self.int(atom);
        self.get(new);
        self.call(self.unit.layout.helpers.define_field);
        self.recycle_local(new);
        self.check_int(&[receiver])?;
        self.let_go(held);
        self.stack.push(receiver);
        Ok(())
    }

    pub(super) fn get_length(&mut self) -> Result<(), NativeError> {
        let values = &self.unit.layout.values;
        let value = self.pop()?;
        let held = self.hold(value)?;
        let (result, object) = (self.temporary(ValType::I64)?, self.temporary(ValType::I32)?);
        self.block(Label::Inner);
        self.block(Label::Inner);
        self.put_is_object(held.local);
        self.put(W::I32Eqz);
        self.leave_block_if(0);
        self.puts([W::LocalGet(held.local), W::I32WrapI64, W::LocalTee(object)]);
        self.put(W::I32Load16U(memory(values.object_class, 1)));
        self.int(values.class_array);
        self.put(W::I32Ne);
        self.leave_block_if(0);
        // An array's first property, always.
        self.get(object);
        self.load_i32(values.object_properties);
        self.load_i64(0);
        self.puts([W::LocalSet(result), W::Br(1)]);
        self.close();
        self.block(Label::Inner);
        self.put_tag(held.local);
        self.int(word::TAG_STRING);
        self.put(W::I32Ne);
        self.leave_block_if(0);
        self.puts([W::LocalGet(held.local), W::I32WrapI64]);
        self.load_i32(0);
        self.int(0x7fff_ffff);
        self.puts([W::I32And, W::I64ExtendI32U, W::LocalSet(result), W::Br(1)]);
        self.close();
        self.note_place();
        self.get(held.local);
        self.call(self.unit.layout.helpers.get_length);
        self.set(result);
        self.check(result, &[value])?;
        self.close();
        self.recycle_local(object);
        self.let_go(held);
        self.dispose(value);
        self.push_boxed_local(result, Kind::ANY);
        Ok(())
    }

    // ---- elements ----

    /// Leaves the block around unless this is a number without a fraction; it is in `index` then.
    fn put_index(&mut self, key: Value, index: u32) -> Result<(), NativeError> {
        let kind = self.kind(key);
        match self.view(key) {
            Value::F64(local, _) => {
                self.puts([W::LocalGet(local), W::I32TruncSatF64S, W::LocalTee(index)]);
                self.puts([W::F64ConvertI32S, W::LocalGet(local), W::F64Ne]);
                self.leave_block_if(0);
            }
            viewed if kind.within(Kind::INT) => {
                self.put_int(viewed)?;
                self.set(index);
            }
            viewed => {
                let held = self.hold(viewed)?;
                self.put_is_int(held.local);
                self.put(W::I32Eqz);
                self.leave_block_if(0);
                self.puts([W::LocalGet(held.local), W::I32WrapI64, W::LocalSet(index)]);
                self.let_go(held);
            }
        }
        Ok(())
    }

    /// Leaves the block around unless it is an object; its address is in `object` then, its class on WebAssembly's stack.
    fn put_class(&mut self, held: u32, kind: Kind, object: u32) {
        if !kind.within(Kind::OBJECT) {
            self.put_is_object(held);
            self.put(W::I32Eqz);
            self.leave_block_if(0);
        }
        self.puts([W::LocalGet(held), W::I32WrapI64, W::LocalTee(object)]);
        self.put(W::I32Load16U(memory(self.unit.layout.values.object_class, 1)));
    }

    /// Leaves the block around unless the index is within the object's elements. Of an object that has none it is whatever stands
    /// there: its class is looked at next.
    fn put_bounds(&mut self, object: u32, index: u32) {
        self.puts([W::LocalGet(index), W::LocalGet(object)]);
        self.load_i32(self.unit.layout.values.object_element_count);
        self.put(W::I32GeU);
        self.leave_block_if(0);
    }

    /// The address of an element whose size is this power of two.
    fn put_element_place(&mut self, object: u32, index: u32, shift: u32) {
        self.get(object);
        self.load_i32(self.unit.layout.values.object_elements);
        self.get(index);
        if shift > 0 {
            self.int(shift);
            self.put(W::I32Shl);
        }
        self.put(W::I32Add);
    }

    pub(super) fn get_element(&mut self, is_kept: bool) -> Result<(), NativeError> {
        let values = &self.unit.layout.values;
        let (key, receiver) = (self.pop()?, self.pop()?);
        let (held, kind) = (self.hold(receiver)?, self.kind(receiver));
        let (result, object) = (self.temporary(ValType::I64)?, self.temporary(ValType::I32)?);
        let (index, class) = (self.temporary(ValType::I32)?, self.temporary(ValType::I32)?);
        self.block(Label::Inner);
        if self.kind(key).may(Kind::NUMBER) {
            self.block(Label::Inner);
            self.put_class(held.local, kind, object);
            self.set(class);
            self.put_index(key, index)?;
            self.put_bounds(object, index);
            self.get(class);
            self.int(values.class_array);
            self.put(W::I32Eq);
            self.open_if();
            self.put_element_place(object, index, 3);
            self.load_i64(0);
            self.set(result);
            self.retain(result, Kind::ANY)?;
            self.put(W::Br(2));
            self.close();
            self.get(class);
            self.int(values.class_uint8_array);
            self.put(W::I32Eq);
            self.open_if();
            self.put_element_place(object, index, 0);
            self.puts([W::I64Load8U(memory(0, 0)), W::LocalSet(result), W::Br(2)]);
            self.close();
            self.get(class);
            self.int(values.class_int32_array);
            self.put(W::I32Eq);
            self.open_if();
            self.put_element_place(object, index, 2);
            self.puts([W::I64Load32U(memory(0, 2)), W::LocalSet(result), W::Br(2)]);
            self.close();
            self.get(class);
            self.int(values.class_float64_array);
            self.put(W::I32Ne);
            self.leave_block_if(0);
            let float = self.temporary(ValType::F64)?;
            self.put_element_place(object, index, 3);
            self.puts([W::F64Load(memory(0, 3)), W::LocalSet(float)]);
            self.put_boxed(Value::F64(float, Kind::NUMBER))?;
            self.recycle_local(float);
            self.puts([W::LocalSet(result), W::Br(1)]);
            self.close();
        }
        self.note_place();
        self.get(held.local);
        self.put_owned(key)?;
        self.call(self.unit.layout.helpers.get_element);
        self.set(result);
        self.check(result, &[receiver])?;
        self.close();
        for local in [object, index, class] {
            self.recycle_local(local);
        }
        self.recycle(key);
        self.let_go(held);
        if is_kept {
            self.stack.push(receiver);
        } else {
            self.dispose(receiver);
        }
        self.push_boxed_local(result, Kind::ANY);
        Ok(())
    }

    pub(super) fn put_element(&mut self) -> Result<(), NativeError> {
        let values = &self.unit.layout.values;
        let (value, key, receiver) = (self.pop()?, self.pop()?, self.pop()?);
        let (value_kind, key_kind, kind) = (self.kind(value), self.kind(key), self.kind(receiver));
        let new = self.take(value)?;
        let held = self.hold(receiver)?;
        let (index, object) = (self.temporary(ValType::I32)?, self.temporary(ValType::I32)?);
        let (old, class) = (self.temporary(ValType::I64)?, self.temporary(ValType::I32)?);
        self.block(Label::Inner);
        if key_kind.may(Kind::NUMBER) {
            self.block(Label::Inner);
            self.put_class(held.local, kind, object);
            self.set(class);
            self.put_index(key, index)?;
            self.put_bounds(object, index);
            self.get(class);
            self.int(values.class_array);
            self.put(W::I32Eq);
            self.open_if();
            self.put_element_place(object, index, 3);
            self.load_i64(0);
            self.set(old);
            self.put_element_place(object, index, 3);
            self.get(new);
            self.store_i64(0);
            self.release(old, Kind::ANY);
            self.put(W::Br(2));
            self.close();
            if value_kind.may(Kind::NUMBER) {
                self.put_typed_element(class, object, index, new)?;
            }
            self.close();
        }
        self.note_place();
        self.get(held.local);
        self.put_owned(key)?;
        self.get(new);
        self.call(self.unit.layout.helpers.put_element);
        self.check_int(&[receiver])?;
        self.close();
        for local in [new, index, object, old, class] {
            self.recycle_local(local);
        }
        self.recycle(key);
        self.let_go(held);
        self.dispose(receiver);
        Ok(())
    }

    /// An int into an array of integers, a number into one of floats; leaves two blocks then, and one otherwise.
    fn put_typed_element(
        &mut self,
        class: u32,
        object: u32,
        index: u32,
        new: u32,
    ) -> Result<(), NativeError> {
        let values = &self.unit.layout.values;
        self.get(class);
        self.int(values.class_float64_array);
        self.put(W::I32Eq);
        self.open_if();
        self.put_is_number(new);
        self.put(W::I32Eqz);
        self.leave_block_if(1);
        self.put_element_place(object, index, 3);
        self.put_float_of(new);
        self.puts([W::F64Store(memory(0, 3)), W::Br(2)]);
        self.close();
        self.put_is_int(new);
        self.put(W::I32Eqz);
        self.leave_block_if(0);
        self.get(class);
        self.int(values.class_uint8_array);
        self.put(W::I32Eq);
        self.open_if();
        self.put_element_place(object, index, 0);
        self.puts([W::LocalGet(new), W::I64Store8(memory(0, 0)), W::Br(2)]);
        self.close();
        self.get(class);
        self.int(values.class_int32_array);
        self.put(W::I32Ne);
        self.leave_block_if(0);
        self.put_element_place(object, index, 2);
        self.puts([W::LocalGet(new), W::I64Store32(memory(0, 2)), W::Br(1)]);
        Ok(())
    }

    // ---- variables of other functions, and global ones ----

    /// The address of a captured variable's value, on WebAssembly's stack.
    fn put_outer_place(&mut self, at: usize) {
        let values = &self.unit.layout.values;
        self.get(FUNCTION);
        self.load_i32(values.object_closed_over);
        self.load_i32(4 * at as u32);
        self.load_i32(values.reference_value);
    }

    /// Leaves to the interpreter, which throws, where a variable is used before its declaration.
    fn guard_declared(&mut self, local: u32) -> Result<(), NativeError> {
        self.get(local);
        self.long(word::UNINITIALIZED);
        self.put(W::I64Eq);
        self.interpret_if()
    }

    pub(super) fn get_outer(&mut self, at: usize, is_checked: bool) -> Result<(), NativeError> {
        let local = self.temporary(ValType::I64)?;
        self.put_outer_place(at);
        self.load_i64(0);
        self.set(local);
        if is_checked {
            self.guard_declared(local)?;
        }
        self.retain(local, Kind::ANY)?;
        self.push_boxed_local(local, Kind::ANY);
        Ok(())
    }

    pub(super) fn put_outer(
        &mut self,
        at: usize,
        is_checked: bool,
        is_kept: bool,
    ) -> Result<(), NativeError> {
        let (place, old) = (self.temporary(ValType::I32)?, self.temporary(ValType::I64)?);
        self.put_outer_place(at);
        self.put(W::LocalTee(place));
        self.load_i64(0);
        self.set(old);
        if is_checked {
            self.guard_declared(old)?;
        }
        let value = self.pop()?;
        if is_kept {
            let copy = self.copy(value)?;
            self.stack.push(copy);
        }
        let new = self.take(value)?;
        self.puts([W::LocalGet(place), W::LocalGet(new)]);
        self.store_i64(0);
        self.release(old, Kind::ANY);
        for local in [place, old, new] {
            self.recycle_local(local);
        }
        Ok(())
    }

    pub(super) fn guard_variable(&mut self, slot: usize) -> Result<(), NativeError> {
        let is_frame = self.places.get(slot) == Some(&super::Place::Frame);
        let kind = self.known.get(slot).copied().ok_or(INTERNAL)?;
        if !is_frame && !kind.may(Kind::UNINITIALIZED) {
            return Ok(());
        }
        let local = self.temporary(ValType::I64)?;
        if is_frame {
            self.get(self.state);
            self.load_i64(self.slot_at(slot));
        } else {
            self.put_boxed(Value::Variable(slot, kind))?;
        }
        self.set(local);
        self.guard_declared(local)?;
        self.recycle_local(local);
        if let Some(known) = self.known.get_mut(slot) {
            *known = known.without(Kind::UNINITIALIZED);
        }
        Ok(())
    }

    pub(super) fn get_global(&mut self, atom: u32, is_thrown: bool) -> Result<(), NativeError> {
        let local = self.temporary(ValType::I64)?;
        self.note_place();
        self.int(atom);
        self.int(is_thrown.into());
        self.call(self.unit.layout.helpers.get_global);
        self.set(local);
        self.check(local, &[])?;
        self.push_boxed_local(local, Kind::ANY);
        Ok(())
    }

    pub(super) fn put_global(&mut self, atom: u32, is_initial: bool) -> Result<(), NativeError> {
        let value = self.pop()?;
        let new = self.take(value)?;
        self.note_place();
        self.int(atom);
        self.get(new);
        self.int(is_initial.into());
        self.call(self.unit.layout.helpers.put_global);
        self.recycle_local(new);
        self.check_int(&[])
    }

    // ---- what a value is ----

    pub(super) fn type_of_value(&mut self) -> Result<(), NativeError> {
        let value = self.pop()?;
        let held = self.hold(value)?;
        let result = self.temporary(ValType::I64)?;
        self.get(held.local);
        self.call(self.unit.layout.helpers.type_of);
        self.set(result);
        self.let_go(held);
        self.dispose(value);
        self.push_boxed_local(result, Kind::STRING);
        Ok(())
    }

    pub(super) fn test(&mut self, test: Test) -> Result<(), NativeError> {
        let value = self.pop()?;
        let truth = self.temporary(ValType::I32)?;
        match test {
            Test::Nullish => self.put_is_nullish(value)?,
            Test::Undefined | Test::Null => {
                self.put_boxed(value)?;
                self.long(if test == Test::Null { word::NULL } else { word::UNDEFINED });
                self.put(W::I64Eq);
            }
            Test::TypeUndefined | Test::TypeFunction => {
                let values = &self.unit.layout.values;
                let held = self.hold(value)?;
                self.get(held.local);
                self.int(if test == Test::TypeFunction {
                    values.atom_function
                } else {
                    values.atom_undefined
                });
                self.call(self.unit.layout.helpers.type_is);
                self.let_go(held);
            }
        }
        self.set(truth);
        self.dispose(value);
        self.stack.push(Value::Bool(truth));
        Ok(())
    }
}
