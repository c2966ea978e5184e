//! Names of buckets, and keys.

use crate::StorageError;

/// Bytes of a key.
const KEY_BYTES_MAX: usize = 1_024;

/// S3's rules: 3 to 63 of `[a-z0-9.-]`, a letter or digit at both ends, no two dots in a row, no IP address.
///
/// # Errors
/// Which rule does not hold.
pub fn check_bucket(name: &str) -> Result<(), StorageError> {
    let refuse = |why| Err(StorageError::BucketName(why));
    if !(3..=63).contains(&name.len()) {
        return refuse("a bucket's name has 3 to 63 characters");
    }
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !name.bytes().all(|byte| is_plain(byte) || matches!(byte, b'.' | b'-')) {
        return refuse("a bucket's name has lower-case letters, digits, dots and hyphens alone");
    }
    let ends = [name.bytes().next(), name.bytes().next_back()];
    if !ends.iter().all(|end| end.is_some_and(is_plain)) {
        return refuse("a bucket's name begins and ends with a letter or a digit");
    }
    if name.contains("..") {
        return refuse("a bucket's name has no two dots in a row");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() || name.starts_with("xn--") {
        return refuse("a bucket's name is no IP address, and does not begin with `xn--`");
    }
    Ok(())
}

/// 1 to 1,024 bytes of UTF-8 without control characters, which neither XML nor a terminal carries.
///
/// # Errors
/// Which rule does not hold.
pub fn check_key(key: &str) -> Result<(), StorageError> {
    if key.len() > KEY_BYTES_MAX {
        return Err(StorageError::KeyTooLong);
    }
    if key.is_empty() {
        return Err(StorageError::Invalid("a key has one byte at least".to_owned()));
    }
    let is_bad = |letter: char| letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}');
    if key.contains(is_bad) {
        return Err(StorageError::Invalid("a key has no control characters".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets() {
        for name in ["abc", "a-b", "a.b.c", "0x1", &"a".repeat(63)] {
            assert!(check_bucket(name).is_ok(), "{name}");
        }
        for name in
            ["", "ab", "a..b", "..", "a/b", "Abc", "-ab", "ab.", "a_b", "127.0.0.1", "xn--a", &"a".repeat(64)]
        {
            assert!(matches!(check_bucket(name), Err(StorageError::BucketName(_))), "{name}");
        }
    }

    #[test]
    fn keys_at_their_bounds() {
        for key in ["a", "a b", "a//b", "../a", "日本.txt", "a\u{301}", "a%2Fb", &"k".repeat(1_024)] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        assert!(matches!(check_key(&"k".repeat(1_025)), Err(StorageError::KeyTooLong)));
        for key in ["", "a\nb", "\u{1}", "a\u{7f}", "a\u{85}", "a\u{ffff}"] {
            assert!(matches!(check_key(key), Err(StorageError::Invalid(_))), "{key:?}");
        }
    }
}
