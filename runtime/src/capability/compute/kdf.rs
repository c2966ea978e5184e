//! Key derivation: HKDF, PBKDF2, scrypt and bcrypt.

mod pbkdf2;

use mayfly_abi::compute::Hash;
use mayfly_abi::frame::Reader;
pub(super) use pbkdf2::Pbkdf2;
use ring::hkdf as hkdfs;

use super::{ComputeError, Computed, Output, not_supported, operation};

/// More than any protocol derives, and little enough for the host to hold.
pub(super) const DERIVED_BYTES_MAX: usize = 1 << 20;
/// What scrypt may fill in all: it cannot be stopped half-way.
const SCRYPT_WORK_MAX: u64 = 1 << 30;
/// What scrypt may hold while it runs.
pub(super) const SCRYPT_BYTES_MAX: u64 = 64 << 20;

fn room(length: u32) -> Result<Output, ComputeError> {
    let length = length as usize;
    if length > DERIVED_BYTES_MAX {
        return Err(operation("at most 1 MiB is derived at once"));
    }
    Ok(Output::new(vec![0; length]))
}

struct Length(usize);

impl hkdfs::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

pub(super) fn hkdf(args: &mut Reader<'_>) -> Computed {
    let algorithm = match Hash::read(args)? {
        Hash::Sha1 => hkdfs::HKDF_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hkdfs::HKDF_SHA256,
        Hash::Sha384 => hkdfs::HKDF_SHA384,
        Hash::Sha512 => hkdfs::HKDF_SHA512,
        Hash::Md5 => return Err(not_supported("MD5 is for plain digests only")),
    };
    let (key, salt, info) = (args.bytes()?, args.bytes()?, args.bytes()?);
    let mut out = room(args.u32()?)?;
    let secret = hkdfs::Salt::new(algorithm, salt).extract(key);
    let too_long = |_| operation("HKDF derives at most 255 times the length of its hash");
    let info = [info];
    let derived = secret.expand(&info, Length(out.len())).map_err(too_long)?;
    derived.fill(&mut out).map_err(too_long)?;
    Ok(out)
}

pub(super) fn pbkdf2(args: &mut Reader<'_>) -> Computed {
    Ok(Pbkdf2::open(args)?.finish())
}

pub(super) fn scrypt(args: &mut Reader<'_>) -> Computed {
    let (password, salt) = (args.bytes()?, args.bytes()?);
    let (log_n, r, p) = (args.u32()?, args.u32()?, args.u32()?);
    let mut out = room(args.u32()?)?;
    let bad =
        || operation("scrypt's parameters are out of range, or ask for more than 64 MiB, or 1 GiB of work");
    if scrypt_bytes(log_n, r, p) > SCRYPT_BYTES_MAX || scrypt_work(log_n, r, p) > SCRYPT_WORK_MAX {
        return Err(bad());
    }
    let log_n = u8::try_from(log_n).map_err(|_| bad())?;
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| bad())?;
    scrypt::scrypt(password, salt, &params, &mut out).map_err(|_| bad())?;
    Ok(out)
}

/// The costs of bcrypt: beyond them it would take a second, and cannot be stopped half-way.
pub(super) const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=14;
/// What it takes of a password, with the zero at its end.
const BCRYPT_PASSWORD_BYTES: usize = 72;

pub(super) fn bcrypt(args: &mut Reader<'_>) -> Computed {
    let (password, salt, cost) = (args.bytes()?, args.bytes()?, args.u32()?);
    if !BCRYPT_COSTS.contains(&cost) {
        return Err(operation("the cost of bcrypt is from 4 to 14"));
    }
    let salt = salt.try_into().map_err(|_| operation("bcrypt's salt has 16 bytes"))?;
    let taken = password.iter().copied().chain([0]).take(BCRYPT_PASSWORD_BYTES);
    let password = zeroize::Zeroizing::new(taken.collect::<Vec<u8>>());
    Ok(Output::new(::bcrypt::bcrypt(cost, salt, &password).to_vec()))
}

/// What it fills in all, table by table.
fn scrypt_work(log_n: u32, r: u32, p: u32) -> u64 {
    scrypt_bytes(log_n, r, 0).saturating_mul(p.into())
}

/// What scrypt holds while it runs.
pub(super) fn scrypt_bytes(log_n: u32, r: u32, p: u32) -> u64 {
    let n = 1_u64.checked_shl(log_n).unwrap_or(u64::MAX);
    let block = 128 * u64::from(r);
    block.saturating_mul(n.saturating_add(u64::from(p)))
}
