//! Hot functions of an image, from bytecode to machine code. It happens in a compile worker of their own, or in this process; both
//! are asked and answer in bytes.

use mayfly_abi::frame::{Malformed, Reader, Writer};

use super::native::layout::Layout;
use super::native::{HotFunctions, NativeError, Paired, pair};
use super::source_map::MODULE_NAME;
use crate::digest::sha256_hex;
use crate::guest::precompile;

/// An image, at most: it goes to the worker and back.
pub(crate) const IMAGE_BYTES_MAX: usize = 48 << 20;

/// An image and the machine code of its hot functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HotCode {
    /// Of the image and the WebAssembly together.
    pub(crate) digest: String,
    /// The image, its compiled functions numbered.
    pub(crate) image: Vec<u8>,
    /// A module of wasmtime's, serialized.
    pub(crate) machine_code: Vec<u8>,
    /// The names of the functions.
    pub(crate) functions: Vec<String>,
    /// What was not compiled, and why.
    pub(crate) refused: Vec<(String, NativeError)>,
    pub(crate) bytecode_bytes: u32,
    /// Of WebAssembly.
    pub(crate) code_bytes: u32,
}

/// What the compiler is asked.
///
/// # Errors
/// [`NativeError::TooLarge`] for an image that is not taken.
pub(crate) fn request(
    layout: &Layout,
    stack_bytes: usize,
    image: &[u8],
    hot: &HotFunctions,
) -> Result<Vec<u8>, NativeError> {
    if image.len() > IMAGE_BYTES_MAX {
        return Err(NativeError::TooLarge {
            what: "bytes of an image",
            used: image.len(),
            limit: IMAGE_BYTES_MAX,
        });
    }
    let mut writer = Writer::with_capacity(image.len() + layout.text.len() + 1024);
    writer.text(&layout.text);
    writer.u32(stack_bytes as u32);
    writer.bytes(image);
    writer.u8(u8::from(hot.all));
    writer.u32(hot.addresses.len() as u32);
    for address in &hot.addresses {
        writer.u32(*address);
    }
    writer.u32(u32::try_from(hot.bytecode_max).unwrap_or(u32::MAX));
    Ok(writer.finish())
}

/// Compiles what was asked for, and says in bytes what came of it.
pub(crate) fn answer(request: &[u8]) -> Vec<u8> {
    match compiled(request) {
        Ok(code) => {
            let mut writer = Writer::with_capacity(code.image.len() + code.machine_code.len() + 1024);
            writer.u8(0);
            writer.text(&code.digest);
            writer.bytes(&code.image);
            writer.bytes(&code.machine_code);
            writer.u32(code.functions.len() as u32);
            for name in &code.functions {
                writer.text(name);
            }
            writer.u32(code.refused.len() as u32);
            for (name, error) in &code.refused {
                writer.text(name);
                writer.text(&error.to_string());
            }
            writer.u32(code.bytecode_bytes);
            writer.u32(code.code_bytes);
            writer.finish()
        }
        Err(error) => {
            let mut writer = Writer::with_capacity(128);
            writer.u8(1);
            writer.text(&error.to_string());
            writer.finish()
        }
    }
}

/// Compiles what was asked for.
pub(crate) fn compiled(request: &[u8]) -> Result<HotCode, NativeError> {
    let malformed = |Malformed| NativeError::Internal("a request that cannot be read");
    let mut reader = Reader::new(request);
    let layout = Layout::read(reader.text().map_err(malformed)?)?;
    let stack_bytes = reader.u32().map_err(malformed)? as usize;
    let image = reader.bytes().map_err(malformed)?;
    let all = reader.u8().map_err(malformed)? != 0;
    let count = reader.count(4).map_err(malformed)?;
    let addresses = (0..count).map(|_| reader.u32()).collect::<Result<_, _>>().map_err(malformed)?;
    let bytecode_max = reader.u32().map_err(malformed)? as usize;
    let hot = HotFunctions { all, addresses, bytecode_max };
    let Paired { image, digest, translated } = pair(image, stack_bytes, &layout, MODULE_NAME, &hot)?;
    let machine_code =
        precompile(&translated.wasm).map_err(|error| NativeError::Module(error.to_string()))?;
    Ok(HotCode {
        digest: sha256_hex(format!("{digest}{}", sha256_hex(&translated.wasm)).as_bytes()),
        image,
        machine_code,
        functions: translated.functions,
        refused: translated.refused,
        bytecode_bytes: translated.bytecode_bytes as u32,
        code_bytes: translated.wasm.len() as u32,
    })
}

/// Reads what [`answer`] wrote.
pub(crate) fn read_answer(answer: &[u8]) -> Result<HotCode, NativeError> {
    read(&mut Reader::new(answer))
        .map_err(|Malformed| NativeError::Internal("an answer that cannot be read"))?
}

fn read(reader: &mut Reader<'_>) -> Result<Result<HotCode, NativeError>, Malformed> {
    if reader.u8()? != 0 {
        return Ok(Err(NativeError::Told(reader.text()?.to_owned())));
    }
    let (digest, image) = (reader.text()?.to_owned(), reader.bytes()?.to_vec());
    let machine_code = reader.bytes()?.to_vec();
    let functions =
        (0..reader.count(4)?).map(|_| reader.text().map(str::to_owned)).collect::<Result<_, _>>()?;
    let refused = (0..reader.count(8)?)
        .map(|_| Ok((reader.text()?.to_owned(), NativeError::Told(reader.text()?.to_owned()))))
        .collect::<Result<_, Malformed>>()?;
    let (bytecode_bytes, code_bytes) = (reader.u32()?, reader.u32()?);
    Ok(Ok(HotCode { digest, image, machine_code, functions, refused, bytecode_bytes, code_bytes }))
}
