//! Control: how a function is entered, what its blocks become, how it returns, throws, and is left to the interpreter.

use wasm_encoder::{Instruction as W, ValType};

use super::{
    Body, Emitter, FIRST_ARGUMENT, FUNCTION, INTERNAL, Kind, Label, NativeError, Op, Place, STACK_PER_LOCAL,
    STACK_POINTER, THIS, Value, memory, word,
};
use crate::compile::native::flow::End;

/// What is still to be written: a list instead of recursion, which hostile code could make deep.
enum Step {
    /// A block, with what it dominates.
    Tree(usize),
    /// A block's own instructions.
    Block(usize),
    /// A jump from one block to another.
    Jump(usize, usize),
    Open(Label),
    Else,
    Close,
    Unreachable,
}

impl Emitter<'_, '_> {
    pub(super) fn is_handled(&self) -> bool {
        self.stack.iter().any(|value| self.kind(*value) == Kind::CATCH)
    }

    /// Writes all of the function.
    pub(in crate::compile::native) fn finish_function(mut self) -> Result<Body, NativeError> {
        let prologue = self.code.len();
        self.block(Label::Exit);
        self.block(Label::Exception);
        self.block(Label::Interpreter);
        self.enter()?;
        self.blocks()?;
        self.put(W::Unreachable);
        self.close();
        self.resume()?;
        self.close();
        self.call(self.unit.layout.helpers.fail);
        self.long(word::EXCEPTION);
        self.set(self.result);
        self.close();
        self.leave_frame(true)?;
        self.get(self.result);
        self.put(W::End);
        // The frame's size follows from the locals, which are known now.
        let frame = self.frame.bytes.max(STACK_PER_LOCAL * self.locals.len() as u32).next_multiple_of(16);
        let body = self.code.split_off(prologue);
        self.link_frame(frame);
        self.code.extend(body);
        self.check_size()?;
        let code = self.code;
        Ok(Body { locals: self.locals, code })
    }

    /// Makes the frame, before anything else.
    fn link_frame(&mut self, bytes: u32) {
        let (values, roots) = (&self.unit.layout.values, self.unit.roots);
        let frame_cell = roots.runtime + values.runtime_frame;
        self.puts([W::GlobalGet(STACK_POINTER), W::LocalTee(self.caller_stack)]);
        self.int(bytes);
        self.puts([W::I32Sub, W::LocalTee(self.state)]);
        self.int(roots.runtime + values.runtime_stack_limit);
        self.load_i32(0);
        self.put(W::I32LtU);
        self.open_if();
        self.call(self.unit.layout.helpers.overflow);
        self.long(word::EXCEPTION);
        self.put(W::Return);
        self.close();
        self.puts([W::LocalGet(self.state), W::GlobalSet(STACK_POINTER), W::LocalGet(self.state)]);
        self.int(values.frame);
        self.puts([W::I32Add, W::LocalSet(self.sf)]);
        let sf = self.sf;
        let word_at = |this: &mut Self, offset: u32, value: u32| {
            this.get(sf);
            this.int(value);
            this.store_i32(offset);
        };
        word_at(self, values.frame_place, 0);
        if self.function.captured_count > 0 {
            word_at(self, values.frame_coroutine, 0);
        }
        self.get(sf);
        self.int(frame_cell);
        self.load_i32(0);
        self.store_i32(values.frame_previous);
        self.get(sf);
        self.get(FUNCTION);
        self.put(W::I64ExtendI32U);
        self.long(word::OBJECT);
        self.put(W::I64Or);
        self.store_i64(values.frame_function);
        let (references, arguments) = (self.function.captured_count as u32, self.function.arguments as u32);
        if values.frame_argument_count == values.frame_reference_count + 2 {
            word_at(self, values.frame_reference_count, references | arguments << 16);
        } else {
            for (offset, number) in
                [(values.frame_reference_count, references), (values.frame_argument_count, arguments)]
            {
                self.get(sf);
                self.int(number);
                self.put(W::I32Store16(memory(offset, 1)));
            }
        }
        for (offset, is_set) in [
            (values.frame_strict, self.function.is_strict),
            (values.frame_constructor, self.is_constructor()),
        ] {
            self.get(sf);
            self.int(is_set.into());
            self.put(W::I32Store8(memory(offset, 0)));
        }
        if self.function.captured_count > 0 {
            for (offset, at) in [
                (values.frame_arguments, self.frame.slots),
                (values.frame_variables, self.slot_at(self.function.arguments)),
                (values.frame_references, self.frame.references),
            ] {
                self.puts([W::LocalGet(sf), W::LocalGet(self.state)]);
                self.int(at);
                self.put(W::I32Add);
                self.store_i32(offset);
            }
            for at in 0..self.function.captured_count as u32 {
                self.get(self.state);
                self.int(0);
                self.store_i32(self.frame.references + 4 * at);
            }
        }
        self.int(frame_cell);
        self.get(sf);
        self.store_i32(0);
    }

    fn is_constructor(&self) -> bool {
        self.placed.iter().any(|one| one.op == Op::CheckConstructor)
    }

    /// Variables, guesses about arguments, caches.
    fn enter(&mut self) -> Result<(), NativeError> {
        self.enter_variables()?;
        self.check_guesses()?;
        if self.has_caches {
            let values = &self.unit.layout.values;
            self.int(values.caches_cell);
            self.load_i32(0);
            self.puts([W::LocalTee(self.caches), W::I32Eqz]);
            self.open_if();
            self.int(self.unit.caches * values.cache_bytes);
            self.call(self.unit.layout.helpers.make_caches);
            self.puts([W::LocalTee(self.caches), W::I32Eqz]);
            self.open_if();
            self.branch(Label::Exception)?;
            self.close();
            self.close();
        }
        self.poll(0)
    }

    fn enter_variables(&mut self) -> Result<(), NativeError> {
        for slot in 0..self.function.slots() {
            let is_argument = slot < self.function.arguments;
            let given = FIRST_ARGUMENT + slot as u32;
            let kind = if is_argument { self.facts.guesses[slot] } else { Kind::UNDEFINED };
            self.known.push(kind);
            match self.places[slot] {
                Place::Frame => {
                    if is_argument {
                        self.retain(given, Kind::ANY)?;
                    }
                    self.get(self.state);
                    if is_argument {
                        self.get(given);
                    } else {
                        self.long(word::UNDEFINED);
                    }
                    self.store_i64(self.slot_at(slot));
                }
                Place::Boxed(local) if is_argument => {
                    self.retain(given, Kind::ANY)?;
                    self.puts([W::LocalGet(given), W::LocalSet(local)]);
                }
                Place::Boxed(local) => {
                    self.long(word::UNDEFINED);
                    self.set(local);
                }
                Place::Int(_) | Place::Float(_) | Place::Borrowed(_) => {}
            }
        }
        Ok(())
    }

    /// Arguments that are not what they are taken for have the whole call interpreted.
    fn check_guesses(&mut self) -> Result<(), NativeError> {
        let guesses = self.facts.guesses.iter().copied().enumerate();
        let guessed: Vec<(usize, Kind)> = guesses.filter(|(_, kind)| *kind != Kind::ANY).collect();
        if guessed.is_empty() {
            return Ok(());
        }
        self.block(Label::Inner);
        self.block(Label::Inner);
        for (slot, kind) in &guessed {
            let given = FIRST_ARGUMENT + *slot as u32;
            if kind.within(Kind::INT) {
                self.put_is_int(given);
            } else {
                self.put_is_number(given);
            }
            self.put(W::I32Eqz);
            self.leave_block_if(0);
        }
        self.put(W::Br(1));
        self.close();
        for slot in 0..self.function.slots() {
            let given = FIRST_ARGUMENT + slot as u32;
            match self.places[slot] {
                Place::Frame => continue,
                Place::Boxed(local) => self.puts([W::LocalGet(self.state), W::LocalGet(local)]),
                _ if slot < self.function.arguments => {
                    self.retain(given, Kind::ANY)?;
                    self.puts([W::LocalGet(self.state), W::LocalGet(given)]);
                }
                _ => {
                    self.get(self.state);
                    self.long(word::UNDEFINED);
                }
            }
            self.store_i64(self.slot_at(slot));
        }
        self.get(self.sf);
        self.int(self.function.code_address);
        self.store_i32(self.unit.layout.values.frame_place);
        self.int(0);
        self.set(self.resume_depth);
        self.int(0);
        self.set(self.resume_thrown);
        self.put_resume();
        self.leave_frame(false)?;
        self.puts([W::LocalGet(self.result), W::Return]);
        self.close();
        for (slot, _) in guessed {
            let given = FIRST_ARGUMENT + slot as u32;
            match self.places[slot] {
                Place::Int(local) => self.puts([W::LocalGet(given), W::I32WrapI64, W::LocalSet(local)]),
                Place::Float(local) => {
                    self.put_float_of(given);
                    self.set(local);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// As the interpreter does at each call and each turn of a loop. `at`: where a loop begins.
    fn poll(&mut self, at: usize) -> Result<(), NativeError> {
        let counter = self.unit.roots.context + self.unit.layout.values.context_interrupts;
        let left = self.temporary(ValType::I32)?;
        self.int(counter);
        self.int(counter);
        self.load_i32(0);
        self.int(1);
        self.puts([W::I32Sub, W::LocalTee(left)]);
        self.store_i32(0);
        self.puts([W::LocalGet(left), W::I32Const(0), W::I32LeS]);
        self.recycle_local(left);
        self.open_if();
        if at > 0 {
            self.get(self.sf);
            self.int(self.function.code_address.wrapping_add(at as u32 + 1));
            self.store_i32(self.unit.layout.values.frame_place);
        }
        self.call(self.unit.layout.helpers.poll);
        self.open_if();
        // What is on the stack is in its places by now, and what ends an invocation need not give it up.
        self.branch(Label::Exception)?;
        self.close();
        self.close();
        Ok(())
    }

    // ---- blocks ----

    fn blocks(&mut self) -> Result<(), NativeError> {
        let mut steps = vec![Step::Tree(0)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Tree(block) => {
                    // Joins are behind the block, the nearest innermost; the list is taken from its end.
                    let joins = self.flow.dominated.get(block).into_iter().flatten().copied();
                    let joins: Vec<usize> =
                        joins.filter(|join| self.flow.is_join.get(*join) == Some(&true)).collect();
                    if self.flow.is_loop.get(block) == Some(&true) {
                        steps.push(Step::Close);
                    }
                    for join in joins.iter().rev() {
                        steps.push(Step::Tree(*join));
                        steps.push(Step::Close);
                    }
                    steps.push(Step::Block(block));
                    for join in &joins {
                        steps.push(Step::Open(Label::Block(*join)));
                    }
                    if self.flow.is_loop.get(block) == Some(&true) {
                        steps.push(Step::Open(Label::Loop(block)));
                    }
                }
                Step::Open(label @ Label::Loop(_)) => {
                    self.put(W::Loop(wasm_encoder::BlockType::Empty));
                    self.labels.push(label);
                }
                Step::Open(label) => self.block(label),
                Step::Close => self.close(),
                Step::Else => self.put(W::Else),
                Step::Unreachable => self.put(W::Unreachable),
                Step::Jump(from, to) => {
                    if self.flow.is_back(from, to) {
                        let first = self.flow.blocks.get(to).ok_or(INTERNAL)?.first;
                        let at = self.placed.get(first).ok_or(INTERNAL)?.at;
                        self.poll(at)?;
                        self.branch(Label::Loop(to))?;
                    } else if self.flow.is_join.get(to) == Some(&true) {
                        self.branch(Label::Block(to))?;
                    } else {
                        steps.push(Step::Tree(to));
                    }
                }
                Step::Block(block) => self.instructions(block, &mut steps)?,
            }
            self.check_size()?;
        }
        Ok(())
    }

    fn instructions(&mut self, number: usize, steps: &mut Vec<Step>) -> Result<(), NativeError> {
        let block = self.flow.blocks.get(number).ok_or(INTERNAL)?.clone();
        let state = self.facts.at.get(number).ok_or(INTERNAL)?;
        self.recycle_all();
        self.known.clone_from(&state.slots);
        self.stack.clear();
        for (at, known) in state.stack.iter().enumerate() {
            let local = self.homes.get(at).copied().ok_or(INTERNAL)?;
            self.stack.push(Value::Boxed { local, is_owned: true, kind: known.kind });
        }
        let placed = self.placed;
        let mut is_ended = false;
        for one in placed.get(block.first..=block.last).ok_or(INTERNAL)? {
            self.at = one.at;
            self.next = one.next;
            is_ended = self.instruction(&one.op)?;
        }
        match block.end {
            End::Goto(to) => {
                self.flush()?;
                steps.push(Step::Jump(number, to));
            }
            End::If(yes, no) => {
                let condition = self.pop()?;
                let truth = self.temporary(ValType::I32)?;
                self.put_truth(condition)?;
                self.set(truth);
                self.flush()?;
                self.get(truth);
                self.open_if();
                steps.extend([
                    Step::Unreachable,
                    Step::Close,
                    Step::Jump(number, no),
                    Step::Else,
                    Step::Jump(number, yes),
                ]);
            }
            End::Nowhere if is_ended => {}
            End::Nowhere => return Err(NativeError::Internal("a block that does not end")),
        }
        Ok(())
    }

    /// Whether nothing comes after it.
    fn instruction(&mut self, op: &Op) -> Result<bool, NativeError> {
        match op {
            Op::Word(value) => {
                let is_int = Kind::of(*value) == Kind::INT;
                self.stack.push(if is_int { Value::Int(*value as u32 as i32) } else { Value::Word(*value) });
            }
            Op::Constant(at) => {
                let value = self.function.constants.get(*at).copied().ok_or(INTERNAL)?;
                let kind = Kind::of(value);
                self.stack.push(match kind {
                    Kind::INT => Value::Int(value as u32 as i32),
                    Kind::FLOAT => Value::Float(word::to_float(value)),
                    _ if value >= word::FIRST_COUNTED => Value::Heap(value, kind),
                    _ => Value::Word(value),
                });
            }
            Op::AtomValue(atom) => self.atom_value(*atom)?,
            Op::Closure(at) => {
                let bytecode = self.function.constants.get(*at).copied().ok_or(INTERNAL)?;
                self.closure(bytecode)?;
            }
            Op::This => self.this()?,
            Op::Object => self.object()?,
            Op::Shuffle { takes, gives } => self.shuffle(*takes, gives)?,
            Op::Get { slot, is_checked } => {
                if *is_checked {
                    self.guard_variable(*slot)?;
                }
                let value = self.load(*slot)?;
                self.stack.push(value);
            }
            Op::GetPair(one, other) => {
                for slot in [*one, *other] {
                    let value = self.load(slot)?;
                    self.stack.push(value);
                }
            }
            Op::Put { slot, is_checked, is_kept } => {
                if *is_checked {
                    self.guard_variable(*slot)?;
                }
                let value = self.pop()?;
                // What stays on the stack is not the variable.
                let value = self.view(value);
                if *is_kept {
                    let copy = self.own_copy(value)?;
                    self.store(*slot, value)?;
                    self.stack.push(copy);
                } else {
                    self.store(*slot, value)?;
                }
            }
            Op::Undeclare(slot) => self.store(*slot, Value::Word(word::UNINITIALIZED))?,
            Op::CloseVariable(variable) => {
                self.puts([W::LocalGet(FUNCTION), W::LocalGet(self.sf)]);
                self.int(*variable as u32);
                self.call(self.unit.layout.helpers.close_one);
            }
            Op::AddTo(slot) => self.add_to(*slot)?,
            Op::Step { slot, is_up } => self.step_variable(*slot, *is_up)?,
            Op::GetOuter { at, is_checked } => self.get_outer(*at, *is_checked)?,
            Op::PutOuter { at, is_checked, is_kept } => self.put_outer(*at, *is_checked, *is_kept)?,
            Op::GetGlobal { atom, is_thrown } => self.get_global(*atom, *is_thrown)?,
            Op::PutGlobal { atom, is_initial } => self.put_global(*atom, *is_initial)?,
            Op::GetField { atom, is_kept } => self.get_field(*atom, *is_kept)?,
            Op::PutField(atom) => self.put_field(*atom)?,
            Op::DefineField(atom) => self.define_field(*atom)?,
            Op::GetLength => self.get_length()?,
            Op::GetElement { is_kept } => self.get_element(*is_kept)?,
            Op::PutElement => self.put_element()?,
            Op::Call { arguments, is_method, is_tail } => {
                self.call_function(*arguments, *is_method)?;
                if *is_tail {
                    self.give_back()?;
                    return Ok(true);
                }
            }
            Op::Construct(arguments) => self.construct(*arguments)?,
            Op::Array(count) => self.array(*count)?,
            Op::Unary(unary) => self.unary(*unary)?,
            Op::Postfix { is_up } => self.postfix(*is_up)?,
            Op::Arithmetic(operator) => self.arithmetic(*operator)?,
            Op::Bitwise(operator) => self.bitwise(*operator)?,
            Op::Compare(comparison) => self.compare(*comparison)?,
            Op::Relation { number } => self.relation(*number)?,
            Op::Not => {
                let value = self.pop()?;
                let truth = self.temporary(ValType::I32)?;
                self.put_truth(value)?;
                self.puts([W::I32Eqz, W::LocalSet(truth)]);
                self.stack.push(Value::Bool(truth));
            }
            Op::TypeOf => self.type_of_value()?,
            Op::Test(test) => self.test(*test)?,
            Op::Return { is_undefined } => {
                if *is_undefined {
                    self.stack.push(Value::Word(word::UNDEFINED));
                }
                self.give_back()?;
                return Ok(true);
            }
            Op::Throw => {
                self.note_place();
                let value = self.pop()?;
                self.put_owned(value)?;
                self.call(self.unit.layout.helpers.throw);
                self.recycle(value);
                self.fail(&[])?;
                return Ok(true);
            }
            Op::Catch(target) => self.stack.push(Value::Word(word::catch_offset(*target))),
            Op::DropToCatch => {
                let result = self.pop()?;
                loop {
                    let value = self.pop()?;
                    if self.kind(value) == Kind::CATCH {
                        self.recycle(value);
                        break;
                    }
                    self.dispose(value);
                }
                self.stack.push(result);
            }
            Op::Engine(engine) => self.by_engine(engine)?,
            Op::Leave => {
                self.interpret()?;
                return Ok(true);
            }
            Op::Goto(_) | Op::If { .. } | Op::CheckConstructor | Op::Nothing => {}
        }
        Ok(false)
    }

    /// A value beside this one that no variable is behind.
    fn own_copy(&mut self, value: Value) -> Result<Value, NativeError> {
        match value {
            Value::Boxed { local, is_owned: false, kind } if local >= FIRST_ARGUMENT => {
                let own = self.temporary(ValType::I64)?;
                self.retain(local, kind)?;
                self.puts([W::LocalGet(local), W::LocalSet(own)]);
                Ok(Value::Boxed { local: own, is_owned: true, kind })
            }
            other => self.copy(other),
        }
    }

    fn shuffle(&mut self, takes: usize, gives: &[usize]) -> Result<(), NativeError> {
        let from = self.stack.len().checked_sub(takes).ok_or(INTERNAL)?;
        let taken = self.stack.split_off(from);
        let mut is_given = vec![false; takes];
        for at in gives {
            let (value, is_given) =
                (taken.get(*at).copied().ok_or(INTERNAL)?, is_given.get_mut(*at).ok_or(INTERNAL)?);
            let one = if *is_given { self.copy(value)? } else { value };
            *is_given = true;
            self.stack.push(one);
        }
        for (value, is_given) in taken.into_iter().zip(is_given) {
            if !is_given {
                self.dispose(value);
            }
        }
        Ok(())
    }

    fn atom_value(&mut self, atom: u32) -> Result<(), NativeError> {
        // Numbers as atoms have no string.
        if atom >> 31 == 0 {
            let address = self.function.atoms.string(self.unit.picture, atom)?;
            self.stack.push(Value::Heap(word::string(address), Kind::STRING));
            return Ok(());
        }
        let local = self.temporary(ValType::I64)?;
        self.note_place();
        self.int(atom);
        self.call(self.unit.layout.helpers.atom_value);
        self.set(local);
        self.check(local, &[])?;
        self.push_boxed_local(local, Kind::STRING);
        Ok(())
    }

    fn this(&mut self) -> Result<(), NativeError> {
        let given = Value::Boxed { local: THIS, is_owned: false, kind: Kind::ANY };
        if self.function.is_strict {
            self.stack.push(given);
            return Ok(());
        }
        let local = self.temporary(ValType::I64)?;
        self.put_is_object(THIS);
        self.open_if();
        self.retain(THIS, Kind::OBJECT)?;
        self.puts([W::LocalGet(THIS), W::LocalSet(local), W::Else]);
        self.note_place();
        self.get(THIS);
        self.call(self.unit.layout.helpers.this);
        self.set(local);
        self.check(local, &[])?;
        self.close();
        self.push_boxed_local(local, Kind::OBJECT);
        Ok(())
    }

    // ---- the ends ----

    /// Returns what is on top of the stack.
    fn give_back(&mut self) -> Result<(), NativeError> {
        let value = self.pop()?;
        self.put_owned(value)?;
        self.set(self.result);
        self.recycle(value);
        while let Some(value) = self.stack.pop() {
            self.dispose(value);
        }
        self.branch(Label::Exit)
    }

    /// Handles an exception if `local` says that there was one. `also`: what is to be given up beside the stack.
    pub(super) fn check(&mut self, local: u32, also: &[Value]) -> Result<(), NativeError> {
        self.get(local);
        self.long(word::EXCEPTION);
        self.put(W::I64Eq);
        self.open_if();
        self.fail(also)?;
        self.close();
        Ok(())
    }

    /// As `check`, by the number on WebAssembly's stack, which is negative then.
    pub(super) fn check_int(&mut self, also: &[Value]) -> Result<(), NativeError> {
        self.puts([W::I32Const(0), W::I32LtS]);
        self.open_if();
        self.fail(also)?;
        self.close();
        Ok(())
    }

    /// An exception was thrown. Where this function handles it, the interpreter does.
    pub(super) fn fail(&mut self, also: &[Value]) -> Result<(), NativeError> {
        for value in also {
            self.release_value(*value);
        }
        if self.is_handled() {
            self.put_stack_into_memory()?;
            let depth = self.stack.len() as u32;
            self.int(depth);
            self.set(self.resume_depth);
            return self.fail_from_memory();
        }
        for at in (0..self.stack.len()).rev() {
            if let Some(value) = self.stack.get(at).copied() {
                self.release_value(value);
            }
        }
        self.branch(Label::Exception)
    }

    /// As `fail`, where the engine has left the upper part of the stack in memory and says where it ends.
    pub(super) fn fail_on_stack_in_memory(&mut self) -> Result<(), NativeError> {
        self.put_stack_into_memory()?;
        let end = self.unit.layout.values.frame_end;
        self.get(self.sf);
        self.load_i32(end);
        self.get(self.state);
        self.int(self.frame.stack);
        self.puts([W::I32Add, W::I32Sub]);
        self.int(3);
        self.puts([W::I32ShrU, W::LocalSet(self.resume_depth)]);
        self.fail_from_memory()
    }

    fn fail_from_memory(&mut self) -> Result<(), NativeError> {
        self.int(self.function.code_address.wrapping_add(self.next as u32));
        self.set(self.resume_at);
        self.int(1);
        self.set(self.resume_thrown);
        self.branch(Label::Interpreter)
    }

    /// What is on the stack, given away.
    fn put_stack_into_memory(&mut self) -> Result<(), NativeError> {
        for (at, value) in self.stack.clone().into_iter().enumerate() {
            self.get(self.state);
            self.put_owned(value)?;
            self.store_i64(self.stack_at(at));
        }
        Ok(())
    }

    /// The interpreter goes on at this instruction.
    fn interpret(&mut self) -> Result<(), NativeError> {
        self.put_stack_into_memory()?;
        self.int(self.function.code_address.wrapping_add(self.at as u32));
        self.set(self.resume_at);
        let depth = self.stack.len() as u32;
        self.int(depth);
        self.set(self.resume_depth);
        self.int(0);
        self.set(self.resume_thrown);
        self.branch(Label::Interpreter)
    }

    /// As `interpret`, if the condition on WebAssembly's stack holds.
    pub(super) fn interpret_if(&mut self) -> Result<(), NativeError> {
        self.open_if();
        self.interpret()?;
        self.close();
        Ok(())
    }

    /// All variables into the frame, and the interpreter goes on in it.
    fn resume(&mut self) -> Result<(), NativeError> {
        self.recycle_all();
        for slot in 0..self.function.slots() {
            let given = FIRST_ARGUMENT + slot as u32;
            let at = self.slot_at(slot);
            let value = match self.places[slot] {
                Place::Frame => continue,
                Place::Int(local) => Value::I32(local),
                Place::Float(local) => Value::F64(local, self.facts.read[slot]),
                // Its reference goes along.
                Place::Boxed(local) => Value::Boxed { local, is_owned: true, kind: Kind::ANY },
                Place::Borrowed(_) => Value::Boxed { local: given, is_owned: false, kind: Kind::ANY },
            };
            self.get(self.state);
            self.put_owned(value)?;
            self.store_i64(at);
        }
        self.puts([W::LocalGet(self.sf), W::LocalGet(self.resume_at)]);
        self.store_i32(self.unit.layout.values.frame_place);
        self.put_resume();
        self.leave_frame(false)?;
        self.puts([W::LocalGet(self.result), W::Return]);
        Ok(())
    }

    fn put_resume(&mut self) {
        self.puts([
            W::LocalGet(self.state),
            W::LocalGet(FUNCTION),
            W::LocalGet(THIS),
            W::LocalGet(self.state),
        ]);
        self.int(self.frame.slots);
        self.puts([W::I32Add, W::LocalGet(self.resume_depth), W::LocalGet(self.resume_thrown)]);
        self.call(self.unit.layout.helpers.resume);
        self.set(self.result);
    }

    /// Gives the frame back; what its variables hold too, unless the interpreter has done so.
    fn leave_frame(&mut self, holds_variables: bool) -> Result<(), NativeError> {
        let (values, roots) = (&self.unit.layout.values, self.unit.roots);
        if holds_variables {
            if self.function.captured_count > 0 {
                self.get(self.sf);
                self.call(self.unit.layout.helpers.close_all);
            }
            for slot in 0..self.function.slots() {
                match self.places[slot] {
                    Place::Frame => {
                        let local = self.temporary(ValType::I64)?;
                        self.get(self.state);
                        self.load_i64(self.slot_at(slot));
                        self.set(local);
                        self.release(local, Kind::ANY);
                        self.recycle_local(local);
                    }
                    Place::Boxed(local) => self.release(local, Kind::ANY),
                    Place::Int(_) | Place::Float(_) | Place::Borrowed(_) => {}
                }
            }
        }
        self.int(roots.runtime + values.runtime_frame);
        self.get(self.sf);
        self.load_i32(values.frame_previous);
        self.store_i32(0);
        self.puts([W::LocalGet(self.caller_stack), W::GlobalSet(STACK_POINTER)]);
        Ok(())
    }
}
