//! What people give on a command line: values that may be JSON, and texts that may stand in a file.

use std::io::Read as _;
use std::path::Path;

use bytes::Bytes;
use serde_json::Value;

use crate::exit::Exit;
use crate::out;

/// The largest file, or text of stdin, that is read whole.
const BYTES_MAX: u64 = 32 << 20;

/// JSON where it is any, else a text.
pub(crate) fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// The text of a file; `-` is stdin.
pub(crate) fn text(file: &Path) -> Result<String, Exit> {
    String::from_utf8(bytes(file)?.into()).map_err(|_| {
        out::complain(&format!("{} is not UTF-8", file.display()));
        Exit::Validation
    })
}

/// The bytes of a file; `-` is stdin.
pub(crate) fn bytes(file: &Path) -> Result<Bytes, Exit> {
    let mut content = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut content)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut content))
    };
    match read {
        Ok(_) if content.len() as u64 <= BYTES_MAX => Ok(content.into()),
        Ok(_) => {
            out::complain(&format!("{} has more than {BYTES_MAX} bytes", file.display()));
            Err(Exit::Validation)
        }
        Err(error) => {
            out::complain(&format!("{}: {error}", file.display()));
            Err(Exit::Usage)
        }
    }
}

/// A body as `curl` takes it: `@FILE`, `@-` for stdin, or the text itself.
pub(crate) fn body(data: &str) -> Result<Bytes, Exit> {
    match data.strip_prefix('@') {
        Some(file) => bytes(Path::new(file)),
        None => Ok(Bytes::copy_from_slice(data.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_and_values_are_read_as_they_are_given() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("data.bin");
        std::fs::write(&file, [0, 255]).unwrap();
        assert_eq!(body(&format!("@{}", file.display())).unwrap(), Bytes::from_static(&[0, 255]));
        assert_eq!(body("{}").unwrap(), "{}");
        assert_eq!(body("@/no/such/file").unwrap_err(), Exit::Usage);
        assert_eq!(text(&file).unwrap_err(), Exit::Validation);
        assert_eq!((value("[1]"), value("plain")), (serde_json::json!([1]), serde_json::json!("plain")));
    }
}
