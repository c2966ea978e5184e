//! Reads functions out of an image's memory, as the engine keeps them. The image may say anything: whatever is read is
//! looked at with bounds.

use super::NativeError;
use super::layout::{Bits, Layout};

/// Objects that are looked at for functions, at most.
const OBJECTS_MAX: usize = 4 << 20;
/// A function's bytecode, at most.
pub(crate) const CODE_BYTES_MAX: usize = 8 << 10;
/// Its variables, the depth of its stack, its captured variables, its constants, at most.
pub(crate) const VARIABLES_MAX: usize = 256;
pub(crate) const STACK_MAX: usize = 256;
const CONSTANTS_MAX: usize = 4096;
const NAME_BYTES_MAX: usize = 128;

/// The bytes of a memory.
#[derive(Clone, Copy)]
pub(crate) struct Picture<'a> {
    bytes: &'a [u8],
}

impl<'a> Picture<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    fn slice(self, at: u32, length: usize) -> Result<&'a [u8], NativeError> {
        let start = at as usize;
        let end = start.checked_add(length);
        end.and_then(|end| self.bytes.get(start..end))
            .ok_or(NativeError::Malformed("an address outside of the memory"))
    }

    fn array<const N: usize>(self, at: u32) -> Result<[u8; N], NativeError> {
        let bytes = self.slice(at, N)?;
        bytes.try_into().map_err(|_| NativeError::Malformed("an address outside of the memory"))
    }

    pub(crate) fn u8(self, at: u32) -> Result<u8, NativeError> {
        self.array::<1>(at).map(|[byte]| byte)
    }

    pub(crate) fn u16(self, at: u32) -> Result<u16, NativeError> {
        self.array(at).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(self, at: u32) -> Result<u32, NativeError> {
        self.array(at).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(self, at: u32) -> Result<u64, NativeError> {
        self.array(at).map(u64::from_le_bytes)
    }

    fn bits(self, at: u32, bits: Bits) -> Result<u8, NativeError> {
        Ok(self.u8(offset(at, bits.at)?)? & bits.mask)
    }
}

/// An address and an offset from it.
pub(crate) fn offset(at: u32, by: u32) -> Result<u32, NativeError> {
    at.checked_add(by).ok_or(NativeError::Malformed("an address outside of the memory"))
}

/// Where the engine's own state lies in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roots {
    pub(crate) context: u32,
    pub(crate) runtime: u32,
}

impl Roots {
    pub(crate) fn read(picture: Picture<'_>, layout: &Layout) -> Result<Self, NativeError> {
        let context = picture.u32(layout.values.context_cell)?;
        if context == 0 {
            return Err(NativeError::Malformed("it has no runtime"));
        }
        let runtime = picture.u32(offset(context, layout.values.context_runtime)?)?;
        Ok(Self { context, runtime })
    }
}

/// A function as its bytecode says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bytecode {
    /// Of the bytecode object.
    pub(crate) address: u32,
    pub(crate) name: String,
    pub(crate) is_strict: bool,
    pub(crate) arguments: usize,
    pub(crate) variables: usize,
    pub(crate) stack: usize,
    /// How many of its arguments and variables others capture.
    pub(crate) captured_count: usize,
    /// How many variables of others it captures.
    pub(crate) closed_over: usize,
    /// Which are captured: arguments first, then variables.
    pub(crate) captured: Vec<bool>,
    pub(crate) code_address: u32,
    pub(crate) code: Vec<u8>,
    pub(crate) constants: Vec<u64>,
    /// The strings of atoms that the code names, where the image has them.
    pub(crate) atoms: AtomTable,
}

/// Where the engine keeps its atoms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AtomTable {
    address: u32,
    count: u32,
}

impl AtomTable {
    fn read(picture: Picture<'_>, layout: &Layout, roots: Roots) -> Result<Self, NativeError> {
        let values = &layout.values;
        Ok(Self {
            address: picture.u32(offset(roots.runtime, values.runtime_atoms)?)?,
            count: picture.u32(offset(roots.runtime, values.runtime_atom_count)?)?,
        })
    }

    /// The address of an atom's string.
    pub(crate) fn string(self, picture: Picture<'_>, atom: u32) -> Result<u32, NativeError> {
        if atom >= self.count {
            return Err(NativeError::Malformed("an atom that it does not have"));
        }
        let at = atom.checked_mul(4).and_then(|at| at.checked_add(self.address));
        let address = picture.u32(at.ok_or(NativeError::Malformed("an atom that it does not have"))?)?;
        // Free places of the table hold odd numbers.
        if address == 0 || address & 1 != 0 {
            return Err(NativeError::Malformed("an atom that it does not have"));
        }
        Ok(address)
    }

    /// An atom's text, where it is of Latin letters.
    fn text(self, picture: Picture<'_>, layout: &Layout, atom: u32) -> String {
        let read = || -> Result<String, NativeError> {
            let at = self.string(picture, atom)?;
            let length = (picture.u32(at)? & 0x7fff_ffff) as usize;
            let bytes = picture.slice(offset(at, layout.values.string_bytes)?, length.min(NAME_BYTES_MAX))?;
            Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
        };
        read().unwrap_or_default()
    }
}

/// The addresses of all bytecode objects of normal functions in this file, in the order in which they were made.
pub(crate) fn functions_of(
    picture: Picture<'_>,
    layout: &Layout,
    file: &str,
) -> Result<Vec<u32>, NativeError> {
    let values = &layout.values;
    let roots = Roots::read(picture, layout)?;
    let atoms = AtomTable::read(picture, layout, roots)?;
    let head = offset(roots.runtime, values.runtime_objects)?;
    // A list's link begins with the address of the link before, then that of the next.
    let next = |link: u32| picture.u32(offset(link, 4)?);
    let mut found = Vec::new();
    let mut link = next(head)?;
    for _ in 0..OBJECTS_MAX {
        if link == head {
            return Ok(found);
        }
        let header = link
            .checked_sub(values.header_bytes)
            .ok_or(NativeError::Malformed("an object without a header"))?;
        if u32::from(picture.bits(header, layout.flags.header_type)?) == values.type_bytecode
            && picture.bits(link, layout.flags.code_kind)? == 0
        {
            let name = picture.u32(offset(link, values.code_file)?)?;
            if atoms.text(picture, layout, name) == file {
                found.push(link);
            }
        }
        link = next(link)?;
    }
    Err(NativeError::Malformed("its objects do not end"))
}

impl Bytecode {
    /// Reads the function whose bytecode object lies there.
    pub(crate) fn read(picture: Picture<'_>, layout: &Layout, address: u32) -> Result<Self, NativeError> {
        let values = &layout.values;
        let roots = Roots::read(picture, layout)?;
        let header = address
            .checked_sub(values.header_bytes)
            .ok_or(NativeError::Malformed("an object without a header"))?;
        if u32::from(picture.bits(header, layout.flags.header_type)?) != values.type_bytecode {
            return Err(NativeError::Malformed("what is no function"));
        }
        let short = |at: u32| picture.u16(offset(address, at)?).map(usize::from);
        let word = |at: u32| picture.u32(offset(address, at)?);
        if picture.bits(address, layout.flags.code_kind)? != 0 {
            return Err(NativeError::Unsupported("a generator or an async function".to_owned()));
        }
        if picture.bits(address, layout.flags.code_derived)? != 0 {
            return Err(NativeError::Unsupported("a constructor of a derived class".to_owned()));
        }
        if word(values.code_realm)? != roots.context {
            return Err(NativeError::Malformed("a function of another realm"));
        }
        let arguments = bounded("parameters", short(values.code_arguments)?, values.arguments_max as usize)?;
        let variables = bounded("variables", short(values.code_variables)?, VARIABLES_MAX)?;
        let stack = bounded("values on the stack", short(values.code_stack)?, STACK_MAX)?;
        let captured_count = bounded("captured variables", short(values.code_captured)?, VARIABLES_MAX)?;
        let length = bounded("bytes of bytecode", word(values.code_length)? as usize, CODE_BYTES_MAX)?;
        let constant_count = bounded("constants", word(values.code_constant_count)? as usize, CONSTANTS_MAX)?;
        let code_address = word(values.code_bytes)?;
        let constants_at = word(values.code_constants)?;
        let definitions = word(values.code_definitions)?;
        let captured = (0..arguments + variables).map(|at| {
            let at = offset(definitions, at as u32 * values.definition_bytes)?;
            Ok(picture.bits(at, layout.flags.definition_captured)? != 0)
        });
        let atoms = AtomTable::read(picture, layout, roots)?;
        Ok(Self {
            address,
            name: atoms.text(picture, layout, word(values.code_name)?),
            is_strict: picture.bits(address, layout.flags.code_strict)? != 0,
            arguments,
            variables,
            stack,
            captured_count,
            closed_over: short(values.code_closed_over)?,
            captured: captured.collect::<Result<_, NativeError>>()?,
            code_address,
            code: picture.slice(code_address, length)?.to_vec(),
            constants: (0..constant_count)
                .map(|at| picture.u64(offset(constants_at, 8 * at as u32)?))
                .collect::<Result<_, _>>()?,
            atoms,
        })
    }

    /// How many arguments and variables there are: that is how they are counted, arguments first.
    pub(crate) fn slots(&self) -> usize {
        self.arguments + self.variables
    }
}

fn bounded(what: &'static str, used: usize, limit: usize) -> Result<usize, NativeError> {
    if used > limit { Err(NativeError::TooLarge { what, used, limit }) } else { Ok(used) }
}
