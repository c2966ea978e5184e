//! The computations that the host does for a guest, by number, and their frames: a number, the arguments, and the data to
//! the end.
//!
//! A computation's result is a function of its frame alone (and, for those that name a state, of what was pushed into
//! that state before): what must be random comes in the frame.

use crate::frame::{Malformed, Reader};

macro_rules! computations {
    ($($(#[$doc:meta])* $name:ident = $number:literal $fields:literal,)*) => {
        /// What can be computed. The fields of each frame, in their order, are in brackets, and in [`Self::fields`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Computation {
            $($(#[$doc])* $name = $number,)*
        }

        impl Computation {
            /// All of them, with their names.
            pub const ALL: &[(&str, Self)] = &[$((stringify!($name), Self::$name),)*];

            /// What its frame holds after its number: `b` a byte, `w` four, `y` bytes with their length, `t` a text
            /// with its length, `l` a count and that many of `y`, `r` bytes to the end.
            pub fn fields(self) -> &'static str {
                match self {
                    $(Self::$name => $fields,)*
                }
            }

            /// The computation with this number.
            pub fn from_number(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

computations! {
    /// [hash: u8, data]: the digest.
    Digest = 1 "br",
    /// [hash: u8, key: bytes, data]: the HMAC.
    Hmac = 2 "byr",
    /// [hash: u8, key: bytes, tag: bytes, data]: one byte, whether the tag is the data's.
    HmacVerify = 3 "byyr",
    /// [key: bytes, iv: bytes, additional data: bytes, length of the tag: u32, data]: ciphertext and tag.
    AesGcmEncrypt = 4 "yyywr",
    /// [key: bytes, iv: bytes, additional data: bytes, length of the tag: u32, data and tag]: the data.
    AesGcmDecrypt = 5 "yyywr",
    /// [key: bytes, iv: bytes, data]: with PKCS #7 padding.
    AesCbcEncrypt = 6 "yyr",
    /// [key: bytes, iv: bytes, data].
    AesCbcDecrypt = 7 "yyr",
    /// [key: bytes, counter: bytes, length of the counter in bits: u32, data].
    AesCtr = 8 "yywr",
    /// [key: bytes, data]: RFC 3394.
    AesKwWrap = 9 "yr",
    /// [key: bytes, data].
    AesKwUnwrap = 10 "yr",
    /// [bits: u32, public exponent: u32, seed: bytes]: a private key.
    RsaGenerate = 11 "wwy",
    /// [private key]: its public half.
    RsaPublic = 12 "r",
    /// [format: u8, data]: the key, once it is proven to be one.
    RsaImport = 13 "br",
    /// [count: u32, the integers: bytes each, in the order of RFC 8017]: the key.
    RsaFromParts = 14 "l",
    /// [private: u8, key]: its integers, bytes each.
    RsaParts = 15 "br",
    /// [format: u8, key].
    RsaExport = 16 "br",
    /// [scheme: u8, hash: u8, length of the salt: u32, seed: bytes, private key: bytes, data].
    RsaSign = 17 "bbwyyr",
    /// [scheme: u8, hash: u8, length of the salt: u32, public key: bytes, signature: bytes, data]: one byte.
    RsaVerify = 18 "bbwyyr",
    /// [hash: u8, seed: bytes, label: bytes, public key: bytes, data]: OAEP.
    RsaEncrypt = 19 "byyyr",
    /// [hash: u8, seed: bytes, label: bytes, private key: bytes, data].
    RsaDecrypt = 20 "byyyr",
    /// [curve: u8, seed: bytes]: a private key, which is the scalar and its point.
    EcGenerate = 21 "by",
    /// [curve: u8, format: u8, data]: the key, once it is proven to be on the curve.
    EcImport = 22 "bbr",
    /// [curve: u8, format: u8, key].
    EcExport = 23 "bbr",
    /// [curve: u8, hash: u8, private key: bytes, data]: r and s, side by side.
    EcSign = 24 "bbyr",
    /// [curve: u8, hash: u8, public key: bytes, signature: bytes, data]: one byte.
    EcVerify = 25 "bbyyr",
    /// [curve: u8, private key: bytes, public key]: the x coordinate that both sides come to.
    EcDerive = 26 "byr",
    /// [curve: u8, format: u8, data]: a key of Curve25519; a private one is followed by its public half.
    OkpImport = 27 "bbr",
    /// [curve: u8, format: u8, key].
    OkpExport = 28 "bbr",
    /// [private key: bytes, data]: Ed25519.
    EdSign = 29 "yr",
    /// [public key: bytes, signature: bytes, data]: one byte.
    EdVerify = 30 "yyr",
    /// [private key: bytes, public key]: X25519.
    XDerive = 31 "yr",
    /// [hash: u8, key: bytes, salt: bytes, info: bytes, length: u32].
    Hkdf = 32 "byyyw",
    /// [hash: u8, password: bytes, salt: bytes, iterations: u32, length: u32].
    Pbkdf2 = 33 "byyww",
    /// [password: bytes, salt: bytes, log2 of N: u32, r: u32, p: u32, length: u32].
    Scrypt = 34 "yywwww",
    /// [password: bytes, salt: 16 bytes, cost: u32]: the 24 bytes of bcrypt.
    Bcrypt = 50 "yyw",
    /// [encoding: text, fatal: u8, keep the byte order mark: u8, data]: UTF-8.
    TextDecode = 35 "tbbr",
    /// [label: text]: the encoding's name, or nothing where there is no such label.
    TextEncodingName = 36 "t",
    /// [encoding: text, fatal: u8, keep the byte order mark: u8]: a state.
    DecoderOpen = 37 "tbb",
    /// [state: u32, last: u8, data]: UTF-8. The last one ends the state.
    DecoderPush = 38 "wbr",
    /// [hash: u8]: a state.
    HashOpen = 39 "b",
    /// [hash: u8, key: bytes]: a state.
    HmacOpen = 40 "by",
    /// [state: u32, data].
    HashPush = 41 "wr",
    /// [state: u32]: the digest, or the HMAC. Ends the state.
    HashFinish = 42 "w",
    /// [state: u32]: another state that goes on from here.
    HashCopy = 43 "w",
    /// [format: u8, level: u8]: a state.
    CompressorOpen = 44 "bb",
    /// [format: u8]: a state.
    DecompressorOpen = 45 "b",
    /// [state: u32, last: u8, data]: how many bytes were taken (u32), whether nothing more comes of them (u8), whether the
    /// compressed stream has ended (u8), and what came out.
    Compress = 46 "wbr",
    /// [state: u32, last: u8, data]: as for `Compress`.
    Decompress = 47 "wbr",
    /// [state: u32]: ends it.
    Close = 48 "w",
    /// [task: u8, options: text, text, text]: a text.
    Intl = 49 "bttt",
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $number,)*
        }

        impl $name {
            /// Reads one.
            pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
                match reader.u8()? {
                    $($number => Ok(Self::$variant),)*
                    _ => Err(Malformed),
                }
            }
        }
    };
}

numbered! {
    /// A hash function.
    Hash {
        /// SHA-1, for old formats.
        Sha1 = 1,
        /// SHA-256.
        Sha256 = 2,
        /// SHA-384.
        Sha384 = 3,
        /// SHA-512.
        Sha512 = 4,
        /// MD5, for older ones.
        Md5 = 5,
    }
}

numbered! {
    /// How a key is written down.
    Format {
        /// The key's own bytes.
        Raw = 0,
        /// RFC 5280's `SubjectPublicKeyInfo`.
        Spki = 1,
        /// RFC 5208's `PrivateKeyInfo`.
        Pkcs8 = 2,
        /// A private key's own bytes and its public half's.
        Pair = 3,
    }
}

numbered! {
    /// A curve of NIST's.
    Curve {
        /// P-256.
        P256 = 1,
        /// P-384.
        P384 = 2,
        /// P-521.
        P521 = 3,
    }
}

numbered! {
    /// What Curve25519 is used for.
    Okp {
        /// Signatures.
        Ed25519 = 1,
        /// Agreements.
        X25519 = 2,
    }
}

numbered! {
    /// How RSA signs.
    Scheme {
        /// RSASSA-PKCS1-v1_5.
        Pkcs1 = 1,
        /// RSASSA-PSS.
        Pss = 2,
    }
}

numbered! {
    /// What surrounds a deflated stream.
    Wrapping {
        /// RFC 1952.
        Gzip = 1,
        /// RFC 1950, which the web calls `deflate`.
        Zlib = 2,
        /// Nothing: RFC 1951.
        Raw = 3,
    }
}

numbered! {
    /// What `Intl` asks for. Where there are options, they are JSON; what comes back in parts is, too.
    IntlTask {
        /// [nothing, tag]: its canonical form, or nothing.
        Canonicalize = 1,
        /// [nothing, tag]: what there is to know of it, or nothing.
        Describe = 2,
        /// [the locales asked for and the keywords that matter]: the locale that is used.
        Resolve = 3,
        /// [the locales asked for]: those that there are.
        Supported = 4,
        /// [nothing, time zone]: its name as the database has it, or nothing.
        Zone = 5,
        /// [nothing, key]: all values it may have.
        Values = 6,
        /// [granularity, text]: where segments end.
        Segment = 7,
        /// [case and locale, text]: the text.
        Case = 8,
        /// [options, number].
        Number = 9,
        /// [options, number, number].
        NumberRange = 10,
        /// [options, milliseconds].
        Date = 11,
        /// [options, milliseconds, milliseconds].
        DateRange = 12,
        /// [options, text, text]: -1, 0 or 1.
        Compare = 13,
        /// [options, number]: its plural; or nothing: all plurals.
        Plural = 14,
        /// [options, texts as JSON].
        List = 15,
        /// [options, number, unit].
        Relative = 16,
        /// [options, code]: its name, or nothing.
        Names = 17,
    }
}

/// How a computation went: the upper half of what `compute` answers. In the lower one is the length of the result, or of
/// the text that says why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// There is a result.
    Done = 0,
    /// An `OperationError`.
    Operation = 1,
    /// A `DataError`.
    Data = 2,
    /// A `NotSupportedError`.
    NotSupported = 3,
    /// A `TypeError`.
    Type = 4,
    /// A `QuotaExceededError`: too many states are open.
    Quota = 5,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_leads_back_to_itself() {
        for (_, computation) in Computation::ALL {
            assert_eq!(Computation::from_number(*computation as u16), Some(*computation));
        }
        assert_eq!(Computation::from_number(0), None);
    }
}
