//! Checksums as S3 names them: computed while bytes arrive, and joined from those of parts.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crc_fast::CrcAlgorithm;
use mayfly_store::StoredChecksum;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto;

use crate::StorageError;

/// How a checksum is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksumKind {
    /// `CRC32`
    Crc32,
    /// `CRC32C`
    Crc32c,
    /// `CRC64NVME`
    Crc64Nvme,
    /// `SHA1`
    Sha1,
    /// `SHA256`
    Sha256,
}

impl ChecksumKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// As S3 names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The one of that name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }

    /// The header, or trailer, that carries it.
    pub fn header(self) -> String {
        format!("x-amz-checksum-{}", self.as_str().to_ascii_lowercase())
    }

    /// Computes it.
    pub(crate) fn hasher(self) -> ChecksumHasher {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Self::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Self::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
        hasher
    }

    /// Of what was computed or sent.
    pub(crate) fn of(self, all: &dto::Checksum) -> Option<String> {
        match self {
            Self::Crc32 => all.checksum_crc32.clone(),
            Self::Crc32c => all.checksum_crc32c.clone(),
            Self::Crc64Nvme => all.checksum_crc64nvme.clone(),
            Self::Sha1 => all.checksum_sha1.clone(),
            Self::Sha256 => all.checksum_sha256.clone(),
        }
    }

    fn crc(self) -> Option<(CrcAlgorithm, usize)> {
        match self {
            Self::Crc32 => Some((CrcAlgorithm::Crc32IsoHdlc, 4)),
            Self::Crc32c => Some((CrcAlgorithm::Crc32Iscsi, 4)),
            Self::Crc64Nvme => Some((CrcAlgorithm::Crc64Nvme, 8)),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// The checksum of an object from those of its parts, each with its length: of all bytes where the algorithm can
    /// say so and that is asked for, else of the parts' checksums.
    pub(crate) fn join(
        self,
        parts: &[(String, u64)],
        is_composite: bool,
    ) -> Result<StoredChecksum, StorageError> {
        let decoded = |text: &str| {
            BASE64_STANDARD
                .decode(text)
                .map_err(|_| StorageError::Invalid("a stored checksum is no base64".to_owned()))
        };
        let value = match self.crc().filter(|_| !is_composite) {
            Some((algorithm, bytes)) => {
                let mut joined: Option<u64> = None;
                for (checksum, size) in parts {
                    let next = decoded(checksum)?.iter().fold(0, |crc, byte| crc << 8 | u64::from(*byte));
                    joined =
                        Some(joined.map_or(next, |joined| {
                            crc_fast::checksum_combine(algorithm, joined, next, *size)
                        }));
                }
                BASE64_STANDARD.encode(&joined.unwrap_or(0).to_be_bytes()[8 - bytes..])
            }
            None => {
                let mut hasher = self.hasher();
                for (checksum, _) in parts {
                    hasher.update(&decoded(checksum)?);
                }
                format!("{}-{}", self.of(&hasher.finalize()).unwrap_or_default(), parts.len())
            }
        };
        Ok(StoredChecksum {
            algorithm: self.as_str().to_owned(),
            value,
            is_composite: is_composite || self.crc().is_none(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: ChecksumKind, bytes: &[u8]) -> String {
        let mut hasher = kind.hasher();
        hasher.update(bytes);
        kind.of(&hasher.finalize()).unwrap()
    }

    #[test]
    fn published_check_values() {
        for (kind, value) in [
            (ChecksumKind::Crc32, "y/Q5Jg=="),
            (ChecksumKind::Crc32c, "4waSgw=="),
            (ChecksumKind::Crc64Nvme, "rosUhgp5mIg="),
        ] {
            assert_eq!(of(kind, b"123456789"), value, "{kind:?}");
        }
    }

    #[test]
    fn the_checksum_of_all_bytes_is_joined_from_those_of_the_parts() {
        let parts: [&[u8]; 3] = [b"first part, ", b"second", b""];
        for kind in [ChecksumKind::Crc32, ChecksumKind::Crc32c, ChecksumKind::Crc64Nvme] {
            let sums: Vec<(String, u64)> =
                parts.iter().map(|part| (of(kind, part), part.len() as u64)).collect();
            assert_eq!(kind.join(&sums, false).unwrap().value, of(kind, &parts.concat()), "{kind:?}");
            assert!(kind.join(&sums, true).unwrap().value.ends_with("-3"));
        }
        let sums = [(of(ChecksumKind::Sha256, b"x"), 1)];
        assert!(ChecksumKind::Sha256.join(&sums, false).unwrap().is_composite);
        assert!(ChecksumKind::Sha256.join(&[("?".to_owned(), 1)], false).is_err());
    }
}
