//! What the engine consists of, as it says itself: offsets of its structures, its helpers' places in its table, its
//! instructions. Generated from its own headers when the guest is built (guest-sdk/native/native-code.h).

use std::collections::HashMap;

use wasm_encoder::ValType;

use super::NativeError;

/// The text's lines, at most: some 450 are there.
const LINES_MAX: usize = 4096;

/// A byte of a structure, and the bits in it that are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    pub(crate) at: u32,
    pub(crate) mask: u8,
}

/// A function of the engine that compiled code calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Helper {
    /// Its place in the engine's table.
    pub(crate) slot: u32,
    /// Index of its type in [`Layout::signatures`].
    pub(crate) signature: u32,
}

/// An instruction of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instruction {
    pub(crate) name: String,
    pub(crate) bytes: usize,
    pub(crate) format: String,
}

/// Parameters and results.
pub(crate) type Signature = (Vec<ValType>, Vec<ValType>);

macro_rules! named {
    ($(#[$about:meta])* $name:ident of $kind:ty: $($field:ident)*) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub(crate) struct $name {
            $(pub(crate) $field: $kind,)*
        }

        impl $name {
            fn of(found: &HashMap<&str, $kind>) -> Result<Self, NativeError> {
                let get = |name: &str| {
                    found.get(name).copied().ok_or_else(|| NativeError::Layout(format!("{name} is missing")))
                };
                Ok(Self { $($field: get(stringify!($field))?,)* })
            }
        }
    };
}

named! {
    /// Offsets, sizes, addresses and numbers.
    Values of u32:
    context_cell caches_cell entry_slot arguments_max constructor_bit
    count_before header_bytes type_bytecode
    context_runtime context_interrupts
    runtime_frame runtime_stack_limit runtime_objects runtime_atoms runtime_atom_count
    code_number code_bytes code_length code_name code_file code_definitions code_arguments code_variables code_stack
    code_captured code_closed_over code_constants code_constant_count code_realm definition_bytes
    object_shape object_properties object_class object_code object_closed_over object_elements object_element_count
    class_array class_function class_uint8_array class_int32_array class_float64_array
    reference_value
    cache_shape cache_place cache_holder cache_holder_shape cache_next_shape cache_upper cache_upper_shape cache_bytes
    state_bytes frame frame_previous frame_function frame_arguments frame_variables frame_references frame_place
    frame_reference_count frame_argument_count frame_strict frame_constructor frame_coroutine frame_end
    string_bytes atom_empty atom_undefined atom_function
}

named! {
    /// Bits of structures.
    Flags of Bits:
    header_type code_kind code_strict code_derived definition_captured object_extensible
}

named! {
    /// The engine's functions.
    Helpers of Helper:
    make_caches free binary unary add_to truth int_of remainder power type_of type_is atom_value this
    get_field put_field define_field get_length get_element put_element get_global put_global
    object array closure close_all close_one call construct poll overflow throw fail resume step
}

/// What the engine consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// As the engine says it.
    pub(crate) text: String,
    pub(crate) values: Values,
    pub(crate) flags: Flags,
    pub(crate) helpers: Helpers,
    /// The types of the helpers, each once.
    pub(crate) signatures: Vec<Signature>,
    /// By their numbers.
    pub(crate) instructions: Vec<Option<Instruction>>,
}

/// How the engine writes values: what the translator was written for.
const TAGS: &[(&str, i32)] = &[
    ("tag_first", -9),
    ("tag_string", -7),
    ("tag_rope", -6),
    ("tag_object", -1),
    ("tag_int", 0),
    ("tag_bool", 1),
    ("tag_null", 2),
    ("tag_undefined", 3),
    ("tag_uninitialized", 4),
    ("tag_catch", 5),
    ("tag_exception", 6),
    ("tag_float", 8),
    ("float_addend", 0x7ff8_000a),
];

impl Layout {
    /// Reads the text that the engine answers.
    pub(crate) fn read(text: &str) -> Result<Self, NativeError> {
        let mut found = Found::default();
        for (number, line) in text.lines().enumerate() {
            if number >= LINES_MAX {
                return Err(NativeError::Layout("it is too long".to_owned()));
            }
            let words: Vec<&str> = line.split(' ').collect();
            found.line(&words).ok_or_else(|| NativeError::Layout(format!("the line {line:?}")))?;
        }
        for (name, expected) in TAGS {
            if found.values.get(name) != Some(&(*expected as u32)) {
                return Err(NativeError::Layout(format!("{name} is not {expected}")));
            }
        }
        Ok(Self {
            text: text.to_owned(),
            values: Values::of(&found.values)?,
            flags: Flags::of(&found.bits)?,
            helpers: Helpers::of(&found.helpers)?,
            signatures: found.signatures,
            instructions: found.instructions,
        })
    }

    /// The number of an instruction of this name.
    pub(crate) fn number_of(&self, name: &str) -> Result<i32, NativeError> {
        let is = |instruction: &Option<Instruction>| {
            instruction.as_ref().is_some_and(|instruction| instruction.name == name)
        };
        let at = self.instructions.iter().position(is);
        at.map(|at| at as i32).ok_or_else(|| NativeError::Layout(format!("no instruction {name}")))
    }
}

#[derive(Default)]
struct Found<'a> {
    values: HashMap<&'a str, u32>,
    bits: HashMap<&'a str, Bits>,
    helpers: HashMap<&'a str, Helper>,
    signatures: Vec<Signature>,
    instructions: Vec<Option<Instruction>>,
}

impl<'a> Found<'a> {
    fn line(&mut self, words: &[&'a str]) -> Option<()> {
        match *words {
            ["value", name, value] => {
                self.values.insert(name, value.parse().ok()?);
            }
            ["bits", name, at, mask] => {
                self.bits.insert(name, Bits { at: at.parse().ok()?, mask: mask.parse().ok()? });
            }
            ["helper", name, slot, types] => {
                let signature = self.signature(types)?;
                self.helpers.insert(name, Helper { slot: slot.parse().ok()?, signature });
            }
            ["op", name, number, bytes, _pops, _pushes, format] => {
                let number: usize = number.parse::<u8>().ok()?.into();
                if self.instructions.len() <= number {
                    self.instructions.resize(number + 1, None);
                }
                *self.instructions.get_mut(number)? = Some(Instruction {
                    name: name.to_owned(),
                    bytes: bytes.parse::<u8>().ok().filter(|bytes| *bytes > 0)?.into(),
                    format: format.to_owned(),
                });
            }
            _ => return None,
        }
        Some(())
    }

    fn signature(&mut self, types: &str) -> Option<u32> {
        let (parameters, results) = types.split_once(':')?;
        let signature = (val_types(parameters)?, val_types(results)?);
        let known = self.signatures.iter().position(|known| *known == signature);
        let at = known.unwrap_or_else(|| {
            self.signatures.push(signature);
            self.signatures.len() - 1
        });
        u32::try_from(at).ok()
    }
}

fn val_types(letters: &str) -> Option<Vec<ValType>> {
    letters
        .chars()
        .map(|letter| match letter {
            'j' => Some(ValType::I64),
            'i' => Some(ValType::I32),
            'd' => Some(ValType::F64),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_of_another_kind_is_refused_by_name() {
        let refused = Layout::read("value tag_first 1\n").unwrap_err();
        assert_eq!(refused, NativeError::Layout("tag_first is not -9".to_owned()));
        let refused = Layout::read("values\n").unwrap_err();
        assert_eq!(refused, NativeError::Layout("the line \"values\"".to_owned()));
        let tags: String =
            TAGS.iter().map(|(name, value)| format!("value {name} {}\n", *value as u32)).collect();
        let refused = Layout::read(&tags).unwrap_err();
        assert_eq!(refused, NativeError::Layout("context_cell is missing".to_owned()));
    }

    #[test]
    fn a_layout_is_bounded() {
        let lines = "bits x 1 1\n".repeat(LINES_MAX + 1);
        assert_eq!(Layout::read(&lines).unwrap_err(), NativeError::Layout("it is too long".to_owned()));
    }
}
