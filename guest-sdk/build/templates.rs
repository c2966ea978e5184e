//! Template literals, turned into calls of `TEMPLATE(text, value, text, ...)`, in source that is our own.

/// The source without template literals.
pub fn without(source: &str) -> String {
    let mut scanner = Scanner { source: source.as_bytes(), at: 0 };
    let mut out = Vec::with_capacity(source.len());
    scanner.code(&mut out, false);
    String::from_utf8(out).expect("what was text stays text")
}

struct Scanner<'a> {
    source: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    /// Code to the end, or to the brace that closes an expression within a template.
    fn code(&mut self, out: &mut Vec<u8>, nested: bool) {
        let mut depth = 0;
        while let Some(byte) = self.peek() {
            match byte {
                b'`' => self.template(out),
                b'"' | b'\'' => self.quoted(out, byte),
                b'/' if self.source[self.at..].starts_with(b"//") => self.until(out, b"\n"),
                b'/' if self.source[self.at..].starts_with(b"/*") => self.until(out, b"*/"),
                b'/' if begins_expression(out) => self.expression(out),
                b'}' if nested && depth == 0 => return,
                _ => {
                    depth += i32::from(byte == b'{') - i32::from(byte == b'}');
                    out.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn until(&mut self, out: &mut Vec<u8>, end: &[u8]) {
        let rest = &self.source[self.at..];
        let length =
            rest.windows(end.len()).position(|window| window == end).map_or(rest.len(), |at| at + end.len());
        out.extend_from_slice(&rest[..length]);
        self.at += length;
    }

    /// A string, or a regular expression outside of its brackets.
    fn quoted(&mut self, out: &mut Vec<u8>, end: u8) {
        out.push(end);
        self.at += 1;
        while let Some(byte) = self.peek() {
            out.push(byte);
            self.at += 1;
            if byte == b'\\' {
                out.extend(self.peek());
                self.at += 1;
            } else if byte == end {
                return;
            }
        }
    }

    fn expression(&mut self, out: &mut Vec<u8>) {
        let mut bracketed = false;
        out.push(b'/');
        self.at += 1;
        while let Some(byte) = self.peek() {
            out.push(byte);
            self.at += 1;
            match byte {
                b'\\' => {
                    out.extend(self.peek());
                    self.at += 1;
                }
                b'[' => bracketed = true,
                b']' => bracketed = false,
                b'/' if !bracketed => return,
                _ => {}
            }
        }
    }

    fn template(&mut self, out: &mut Vec<u8>) {
        self.at += 1;
        out.extend_from_slice(b"TEMPLATE(\"");
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'`' => {
                    out.extend_from_slice(b"\")");
                    return;
                }
                b'$' if self.peek() == Some(b'{') => {
                    self.at += 1;
                    out.extend_from_slice(b"\", ");
                    self.code(out, true);
                    self.at += 1;
                    out.extend_from_slice(b", \"");
                }
                b'\\' => {
                    let escaped = self.peek().unwrap_or_default();
                    self.at += 1;
                    if !matches!(escaped, b'`' | b'$') {
                        out.push(b'\\');
                    }
                    out.push(escaped);
                }
                b'"' => out.extend_from_slice(b"\\\""),
                b'\n' => out.extend_from_slice(b"\\n"),
                _ => out.push(byte),
            }
        }
    }
}

/// Whether a slash that comes here begins a regular expression, and does not divide.
fn begins_expression(before: &[u8]) -> bool {
    let last = before.iter().rev().find(|byte| !byte.is_ascii_whitespace());
    last.is_none_or(|byte| b"(,=:[!&|?{};+".contains(byte))
}
