//! Calls: of compiled functions directly, of all others by the engine; and what the engine does on the stack in memory.

use wasm_encoder::{Instruction as W, ValType};

use super::value::Held;
use super::{Emitter, FUNCTION, INTERNAL, Kind, Label, NativeError, OWN_TABLE, Value, memory};
use crate::compile::native::op::{Engine, Left};

impl Emitter<'_, '_> {
    /// The address of the outgoing arguments, on WebAssembly's stack.
    fn put_outgoing(&mut self) {
        self.get(self.state);
        self.int(self.frame.outgoing);
        self.put(W::I32Add);
    }

    fn pop_arguments(&mut self, count: usize) -> Result<Vec<Value>, NativeError> {
        let from = self.stack.len().checked_sub(count).ok_or(INTERNAL)?;
        Ok(self.stack.split_off(from))
    }

    /// `new function(...)`.
    pub(super) fn construct(&mut self, count: usize) -> Result<(), NativeError> {
        let arguments = self.pop_arguments(count)?;
        let (target, function) = (self.pop()?, self.pop()?);
        for (at, argument) in arguments.iter().enumerate() {
            self.get(self.state);
            self.put_boxed(*argument)?;
            self.store_i64(self.frame.outgoing + 8 * at as u32);
        }
        let result = self.temporary(ValType::I64)?;
        self.note_place();
        self.put_boxed(function)?;
        self.put_boxed(target)?;
        self.int(count as u32);
        self.put_outgoing();
        self.call(self.unit.layout.helpers.construct);
        self.set(result);
        for value in arguments.into_iter().chain([function, target]) {
            self.dispose(value);
        }
        self.check(result, &[])?;
        self.push_boxed_local(result, Kind::ANY);
        Ok(())
    }

    pub(super) fn array(&mut self, count: usize) -> Result<(), NativeError> {
        let elements = self.pop_arguments(count)?;
        for (at, element) in elements.iter().enumerate() {
            self.get(self.state);
            self.put_owned(*element)?;
            self.store_i64(self.frame.outgoing + 8 * at as u32);
        }
        for element in elements {
            self.recycle(element);
        }
        let result = self.temporary(ValType::I64)?;
        self.note_place();
        self.int(count as u32);
        self.put_outgoing();
        self.call(self.unit.layout.helpers.array);
        self.set(result);
        self.check(result, &[])?;
        self.push_boxed_local(result, Kind::OBJECT);
        Ok(())
    }

    pub(super) fn object(&mut self) -> Result<(), NativeError> {
        let result = self.temporary(ValType::I64)?;
        self.note_place();
        self.call(self.unit.layout.helpers.object);
        self.set(result);
        self.check(result, &[])?;
        self.push_boxed_local(result, Kind::OBJECT);
        Ok(())
    }

    pub(super) fn closure(&mut self, bytecode: u64) -> Result<(), NativeError> {
        let result = self.temporary(ValType::I64)?;
        self.note_place();
        self.long(bytecode);
        self.puts([W::LocalGet(FUNCTION), W::LocalGet(self.sf)]);
        self.call(self.unit.layout.helpers.closure);
        self.set(result);
        self.check(result, &[])?;
        self.push_boxed_local(result, Kind::OBJECT);
        Ok(())
    }

    /// A call; its result is on the stack.
    pub(super) fn call_function(&mut self, count: usize, is_method: bool) -> Result<(), NativeError> {
        let arguments = self.pop_arguments(count)?;
        let function = self.pop()?;
        let this = if is_method { self.pop()? } else { Value::Word(super::word::UNDEFINED) };
        let (callee, receiver) = (self.hold(function)?, self.hold(this)?);
        let held = arguments.iter().map(|argument| self.hold(*argument)).collect::<Result<Vec<_>, _>>()?;
        let result = self.temporary(ValType::I64)?;
        self.note_place();
        self.block(Label::Inner);
        if count < self.unit.layout.values.arguments_max as usize {
            self.call_directly(callee, receiver, &held, result)?;
        }
        for (at, held) in held.iter().enumerate() {
            self.puts([W::LocalGet(self.state), W::LocalGet(held.local)]);
            self.store_i64(self.frame.outgoing + 8 * at as u32);
        }
        self.puts([W::LocalGet(callee.local), W::LocalGet(receiver.local)]);
        self.int(count as u32);
        self.put_outgoing();
        self.call(self.unit.layout.helpers.call);
        self.set(result);
        self.close();
        for held in held.into_iter().chain([callee, receiver]) {
            self.let_go(held);
        }
        for value in arguments.into_iter().chain([function, this]) {
            self.dispose(value);
        }
        self.check(result, &[])?;
        self.push_boxed_local(result, Kind::ANY);
        Ok(())
    }

    /// Leaves the block around with the result where a compiled function of exactly this many parameters is called.
    fn call_directly(
        &mut self,
        callee: Held,
        receiver: Held,
        arguments: &[Held],
        result: u32,
    ) -> Result<(), NativeError> {
        let values = &self.unit.layout.values;
        let (object, code) = (self.temporary(ValType::I32)?, self.temporary(ValType::I32)?);
        self.block(Label::Inner);
        self.put_is_object(callee.local);
        self.put(W::I32Eqz);
        self.leave_block_if(0);
        self.puts([W::LocalGet(callee.local), W::I32WrapI64, W::LocalTee(object)]);
        self.put(W::I32Load16U(memory(values.object_class, 1)));
        self.int(values.class_function);
        self.put(W::I32Ne);
        self.leave_block_if(0);
        self.get(object);
        self.load_i32(values.object_code);
        self.put(W::LocalTee(code));
        self.put(W::I32Load16U(memory(values.code_arguments, 1)));
        self.int(arguments.len() as u32);
        self.put(W::I32Ne);
        self.leave_block_if(0);
        // A number, and no constructor's.
        self.get(code);
        self.put(W::I32Load16U(memory(values.code_number, 1)));
        self.put(W::LocalTee(code));
        self.int(1);
        self.put(W::I32Sub);
        self.int(values.constructor_bit - 1);
        self.put(W::I32GeU);
        self.leave_block_if(0);
        self.puts([W::LocalGet(receiver.local), W::LocalGet(object)]);
        for argument in arguments {
            self.get(argument.local);
        }
        self.get(code);
        self.int(1);
        self.put(W::I32Shl);
        self.int(1);
        self.put(W::I32Add);
        let type_index = self.unit.direct_types + arguments.len() as u32;
        self.puts([W::CallIndirect { type_index, table_index: OWN_TABLE }, W::LocalSet(result), W::Br(1)]);
        self.close();
        self.recycle_local(object);
        self.recycle_local(code);
        Ok(())
    }

    /// An instruction that the engine does on the stack in memory: what it looks at is put there, and what it leaves is taken from
    /// there.
    pub(super) fn by_engine(&mut self, engine: &Engine) -> Result<(), NativeError> {
        let from = self.stack.len().checked_sub(engine.reach).ok_or(INTERNAL)?;
        let before = self.stack.split_off(from);
        for (at, value) in before.iter().enumerate() {
            self.get(self.state);
            self.put_owned(*value)?;
            self.store_i64(self.stack_at(from + at));
        }
        self.note_place();
        self.put(W::I32Const(engine.number));
        self.int(engine.operand);
        self.put(W::I32Const(engine.second));
        self.get(self.state);
        self.int(self.stack_at(from + engine.reach));
        self.puts([W::I32Add, W::LocalGet(self.sf)]);
        self.call(self.unit.layout.helpers.step);
        self.open_if();
        self.fail_on_stack_in_memory()?;
        self.close();
        let mut kinds = Vec::new();
        for value in &before {
            kinds.push(self.kind(*value));
            self.recycle(*value);
        }
        for (at, left) in engine.leaves.iter().enumerate() {
            let kind = match left {
                Left::A(kind) => *kind,
                Left::Same => kinds.get(at).copied().ok_or(INTERNAL)?,
            };
            let local = self.temporary(ValType::I64)?;
            self.get(self.state);
            self.load_i64(self.stack_at(from + at));
            self.set(local);
            self.push_boxed_local(local, kind);
        }
        Ok(())
    }
}
