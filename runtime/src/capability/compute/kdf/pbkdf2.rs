//! PBKDF2 (RFC 8018, 5.2) in slices: a derivation may take minutes, and what asked for it may end before.

use mayfly_abi::compute::Hash;
use mayfly_abi::frame::Reader;
use ring::hmac;

use super::room;
use crate::capability::compute::{ComputeError, Output, not_supported, operation};

/// Iterations of a slice: some 25 ms.
const SLICE: u32 = 100_000;

/// A derivation that is under way.
pub(crate) struct Pbkdf2 {
    key: hmac::Key,
    salt: Vec<u8>,
    iterations: u32,
    out: Output,
    /// How much of `out` is there.
    done: usize,
    /// The block that is being made, and how many of its iterations are left.
    block: Output,
    last: Output,
    left: u32,
}

impl Pbkdf2 {
    /// Reads what is to be derived.
    pub(crate) fn open(args: &mut Reader<'_>) -> Result<Self, ComputeError> {
        let algorithm = match Hash::read(args)? {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
            Hash::Md5 => return Err(not_supported("MD5 is for plain digests only")),
        };
        let (password, salt, iterations) = (args.bytes()?, args.bytes()?, args.u32()?);
        let out = room(args.u32()?)?;
        if iterations == 0 {
            return Err(operation("PBKDF2 needs at least one iteration"));
        }
        Ok(Self {
            key: hmac::Key::new(algorithm, password),
            salt: salt.to_vec(),
            iterations,
            out,
            done: 0,
            block: Output::default(),
            last: Output::default(),
            left: 0,
        })
    }

    /// Derives for one slice; whether that was the last.
    pub(crate) fn slice(&mut self) -> bool {
        let mut slice = SLICE;
        while self.done < self.out.len() {
            if self.left == 0 {
                self.begin_block();
            }
            let now = self.left.min(slice);
            for _ in 0..now {
                self.iterate();
            }
            self.left -= now;
            slice -= now;
            if self.left > 0 {
                return false;
            }
            let rest = self.out.len() - self.done;
            let piece = self.block.len().min(rest);
            self.out[self.done..self.done + piece].copy_from_slice(&self.block[..piece]);
            self.done += piece;
            // What is made of a block costs an iteration at least.
            slice = slice.saturating_sub(1);
            if slice == 0 {
                break;
            }
        }
        self.done == self.out.len()
    }

    /// The derived bytes, however long it takes.
    pub(super) fn finish(mut self) -> Output {
        while !self.slice() {}
        self.out
    }

    /// The derived bytes, after the last slice.
    pub(crate) fn into_output(self) -> Output {
        self.out
    }

    /// The first iteration of the next block.
    fn begin_block(&mut self) {
        let length = self.key.algorithm().digest_algorithm().output_len();
        let number = u32::try_from(self.done / length + 1).unwrap_or(u32::MAX);
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&self.salt);
        context.update(&number.to_be_bytes());
        let first = context.sign();
        self.block = Output::new(first.as_ref().to_vec());
        self.last = self.block.clone();
        self.left = self.iterations - 1;
    }

    fn iterate(&mut self) {
        let next = hmac::sign(&self.key, &self.last);
        self.last.copy_from_slice(next.as_ref());
        for (sum, byte) in self.block.iter_mut().zip(next.as_ref()) {
            *sum ^= byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use mayfly_abi::frame::Writer;
    use proptest::prelude::*;
    use ring::pbkdf2;

    use super::*;

    fn open(hash: u8, password: &[u8], salt: &[u8], iterations: u32, length: u32) -> Pbkdf2 {
        let mut writer = Writer::with_capacity(64);
        writer.u8(hash);
        writer.bytes(password);
        writer.bytes(salt);
        writer.u32(iterations);
        writer.u32(length);
        let frame = writer.finish();
        Pbkdf2::open(&mut Reader::new(&frame)).unwrap()
    }

    #[test]
    fn a_long_one_takes_more_than_one_slice() {
        let mut long = open(2, b"p", b"s", SLICE + 2, 32);
        assert!(!long.slice() && long.slice());
        let mut many = open(2, b"p", b"s", 1, 1 << 20);
        assert!(many.slice());
    }

    proptest! {
        #[test]
        fn it_derives_what_another_does(
            which in 0_usize..4,
            password in prop::collection::vec(any::<u8>(), 0..80),
            salt in prop::collection::vec(any::<u8>(), 0..80),
            iterations in 1_u32..20,
            length in 0_usize..200,
        ) {
            let others = [pbkdf2::PBKDF2_HMAC_SHA1, pbkdf2::PBKDF2_HMAC_SHA256, pbkdf2::PBKDF2_HMAC_SHA384, pbkdf2::PBKDF2_HMAC_SHA512];
            let hash = [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512][which] as u8;
            let mut expected = vec![0; length];
            pbkdf2::derive(others[which], iterations.try_into().unwrap(), &salt, &password, &mut expected);
            let derived = open(hash, &password, &salt, iterations, length as u32).finish();
            prop_assert_eq!(&*derived, &expected);
        }
    }
}
