//! What each computation costs, known from its frame before it begins: about a unit of fuel for a tenth of a nanosecond
//! of the host's work. [LIMITS.md](../../../../docs/LIMITS.md) has the table.

use mayfly_abi::compute::{Computation, Curve, Hash, IntlTask};
use mayfly_abi::frame::{Malformed, Reader};

use super::frame::open;
use super::{kdf, rsa_keys};

/// A call, beside what it does.
const CALL: u64 = 2_000;
/// What is more expensive than all the fuel there is.
const NEVER: u64 = u64::MAX / 4;

pub(super) fn of(frame: &[u8]) -> u64 {
    CALL + work(frame).unwrap_or(0)
}

/// What is only known once it is done: how much came out of what was compressed.
pub(super) fn afterwards(frame: &[u8], came_out: usize) -> u64 {
    match open(frame) {
        Ok((Computation::Decompress, _)) => 30 * came_out as u64,
        _ => 0,
    }
}

fn work(frame: &[u8]) -> Result<u64, Malformed> {
    use Computation as C;
    let (computation, mut args) = open(frame)?;
    let args = &mut args;
    let bytes = frame.len() as u64;
    Ok(match computation {
        C::Digest => per_byte(Hash::read(args)?) * bytes,
        C::Hmac | C::HmacVerify | C::HmacOpen => 10_000 + per_byte(Hash::read(args)?) * bytes,
        // Which hash it is, the frame does not say.
        C::HashPush => 20 * bytes,
        C::HashOpen | C::HashFinish | C::HashCopy | C::Close | C::TextEncodingName => 10_000,
        C::AesGcmEncrypt | C::AesGcmDecrypt => 5_000 + gcm(args)? * bytes,
        C::AesCbcEncrypt | C::AesCbcDecrypt => 5_000 + 15 * bytes,
        C::AesCtr => 5_000 + 8 * bytes,
        // Six rounds, one after another.
        C::AesKwWrap | C::AesKwUnwrap => 10_000 + 100 * bytes,
        C::RsaGenerate => cubic(u64::from(args.u32()?), 500_000_000),
        C::RsaPublic | C::RsaParts | C::RsaExport => 20_000 + 20 * bytes,
        C::RsaImport | C::RsaFromParts => square(bytes.min(8_192) * 2, 2_000_000),
        C::RsaSign => {
            let (hash, key) = rsa_sign(args)?;
            per_byte(hash) * bytes + cubic(rsa_keys::modulus_bits(key), 25_000_000)
        }
        C::RsaVerify => {
            let (hash, key) = rsa_verify(args)?;
            per_byte(hash) * bytes + square(rsa_keys::modulus_bits(key), 1_500_000)
        }
        C::RsaEncrypt => square(rsa_keys::modulus_bits(oaep_key(args)?), 1_500_000) + 20 * bytes,
        C::RsaDecrypt => cubic(rsa_keys::modulus_bits(oaep_key(args)?), 25_000_000) + 20 * bytes,
        C::EcGenerate | C::EcImport => curve(args, 2_000_000)?,
        C::EcExport => 20_000,
        C::EcSign => curve(args, 2_000_000)? + 20 * bytes,
        C::EcVerify | C::EcDerive => curve(args, 3_000_000)? + 20 * bytes,
        C::OkpImport => 300_000,
        C::OkpExport => 20_000,
        C::EdSign => 400_000 + 30 * bytes,
        C::EdVerify => 600_000 + 15 * bytes,
        C::XDerive => 600_000,
        C::Hkdf => hkdf(args)? + 20 * bytes,
        C::Pbkdf2 => pbkdf2(args)?,
        C::Scrypt => scrypt(args)?,
        C::Bcrypt => bcrypt(args)?,
        C::TextDecode | C::DecoderPush => 5_000 + 20 * bytes,
        C::DecoderOpen => 10_000,
        C::CompressorOpen => 400_000,
        C::DecompressorOpen => 200_000,
        C::Compress => 20_000 + 150 * bytes,
        C::Decompress => 20_000 + 20 * bytes,
        C::Intl => intl(args)? + 500 * bytes,
    })
}

/// Making a formatter is paid afterwards, see `intl`.
fn intl(args: &mut Reader<'_>) -> Result<u64, Malformed> {
    use IntlTask as T;
    Ok(match IntlTask::read(args)? {
        T::Compare | T::Plural | T::Names | T::List | T::Segment | T::Case => 5_000,
        T::Values => 5_000_000,
        T::Resolve | T::Supported => 200_000,
        T::Canonicalize | T::Describe | T::Zone => 50_000,
        T::Number | T::Date | T::Relative => 30_000,
        T::NumberRange | T::DateRange => 60_000,
    })
}

fn per_byte(hash: Hash) -> u64 {
    match hash {
        Hash::Sha256 => 10,
        Hash::Sha384 | Hash::Sha512 => 20,
        Hash::Sha1 | Hash::Md5 => 20,
    }
}

/// The work of one block of HMAC, both hashes of it.
fn per_block(hash: Hash) -> u64 {
    match hash {
        Hash::Sha1 => 5_000,
        Hash::Sha256 => 2_500,
        Hash::Sha384 | Hash::Sha512 | Hash::Md5 => 6_000,
    }
}

fn digest_bytes(hash: Hash) -> u64 {
    match hash {
        Hash::Md5 => 16,
        Hash::Sha1 => 20,
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
    }
}

/// A price for 2,048 bits, for another length of which the work grows with the square.
fn square(bits: u64, at_2048: u64) -> u64 {
    let bits = bits.clamp(256, 16_384);
    at_2048 * bits * bits / (2_048 * 2_048)
}

/// A price for 2,048 bits, for another length of which the work grows with the cube.
fn cubic(bits: u64, at_2048: u64) -> u64 {
    let bits = bits.clamp(256, 16_384);
    (at_2048 as u128 * u128::from(bits).pow(3) / 2_048_u128.pow(3)) as u64
}

fn gcm(args: &mut Reader<'_>) -> Result<u64, Malformed> {
    let (key, iv, _, tag) = (args.bytes()?, args.bytes()?, args.bytes()?, args.u32()?);
    // See `gcm`: ring is faster, and knows these only.
    let with_ring = key.len() != 24 && iv.len() == 12 && tag == 16;
    Ok(if with_ring { 6 } else { 20 })
}

fn rsa_sign<'a>(args: &mut Reader<'a>) -> Result<(Hash, &'a [u8]), Malformed> {
    args.u8()?;
    let hash = Hash::read(args)?;
    args.u32()?;
    args.bytes()?;
    Ok((hash, args.bytes()?))
}

fn rsa_verify<'a>(args: &mut Reader<'a>) -> Result<(Hash, &'a [u8]), Malformed> {
    args.u8()?;
    let hash = Hash::read(args)?;
    args.u32()?;
    Ok((hash, args.bytes()?))
}

fn oaep_key<'a>(args: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    args.u8()?;
    args.bytes()?;
    args.bytes()?;
    args.bytes()
}

fn curve(args: &mut Reader<'_>, on_p256: u64) -> Result<u64, Malformed> {
    Ok(match Curve::read(args)? {
        Curve::P256 => on_p256,
        Curve::P384 => on_p256 * 4,
        Curve::P521 => on_p256 * 6,
    })
}

fn hkdf(args: &mut Reader<'_>) -> Result<u64, Malformed> {
    let hash = Hash::read(args)?;
    let (_, _, info) = (args.bytes()?, args.bytes()?, args.bytes()?);
    let blocks = u64::from(args.u32()?).min(kdf::DERIVED_BYTES_MAX as u64) / digest_bytes(hash) + 2;
    Ok(blocks * (per_block(hash) + per_byte(hash) * info.len() as u64))
}

fn pbkdf2(args: &mut Reader<'_>) -> Result<u64, Malformed> {
    let hash = Hash::read(args)?;
    let (password, salt, iterations) = (args.bytes()?, args.bytes()?, u64::from(args.u32()?));
    let blocks =
        u64::from(args.u32()?).min(kdf::DERIVED_BYTES_MAX as u64).div_ceil(digest_bytes(hash)).max(1);
    let once = per_byte(hash) * (password.len() + salt.len()) as u64;
    Ok(blocks.saturating_mul(iterations.saturating_mul(per_block(hash)).saturating_add(once)).min(NEVER))
}

fn scrypt(args: &mut Reader<'_>) -> Result<u64, Malformed> {
    args.bytes()?;
    args.bytes()?;
    let (log_n, r, p) = (args.u32()?, args.u32()?, args.u32()?);
    // Each byte of its table is written once and read once, for each of the `p`.
    let bytes = kdf::scrypt_bytes(log_n, r, p);
    if bytes > kdf::SCRYPT_BYTES_MAX {
        return Ok(0);
    }
    Ok(100_000 + bytes.saturating_mul(u64::from(p)).saturating_mul(20).min(NEVER))
}

fn bcrypt(args: &mut Reader<'_>) -> Result<u64, Malformed> {
    args.bytes()?;
    args.bytes()?;
    let cost = args.u32()?;
    if !kdf::BCRYPT_COSTS.contains(&cost) {
        return Ok(0);
    }
    // Some 50 microseconds for each doubling's part.
    Ok(100_000 + (500_000 << cost))
}
