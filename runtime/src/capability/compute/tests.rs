//! Frames at their bounds, and frames that are none: the guest is not believed.

use mayfly_abi::compute::{Computation, Status};
use mayfly_abi::frame::Writer;
use proptest::prelude::*;

use super::states::{PUSHED_BYTES_MAX, States};
use super::{price, run};

fn frame(computation: Computation, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::with_capacity(256);
    writer.u16(computation as u16);
    write(&mut writer);
    writer.finish()
}

fn status(frame: &[u8]) -> Status {
    run(frame, &mut States::default()).map_or_else(|refusal| refusal.0, |_| Status::Done)
}

fn rsa(bits: u32) -> Vec<u8> {
    frame(Computation::RsaGenerate, |writer| {
        writer.u32(bits);
        writer.u32(65_537);
        writer.bytes(&[7; 32]);
    })
}

fn hkdf(length: u32) -> Vec<u8> {
    frame(Computation::Hkdf, |writer| {
        writer.u8(4);
        (0..3).for_each(|_| writer.bytes(b"x"));
        writer.u32(length);
    })
}

fn pbkdf2(iterations: u32, length: u32) -> Vec<u8> {
    frame(Computation::Pbkdf2, |writer| {
        writer.u8(2);
        (0..2).for_each(|_| writer.bytes(b"x"));
        writer.u32(iterations);
        writer.u32(length);
    })
}

fn scrypt(log_n: u32) -> Vec<u8> {
    frame(Computation::Scrypt, |writer| {
        (0..2).for_each(|_| writer.bytes(b"x"));
        [log_n, 8, 1, 64].into_iter().for_each(|number| writer.u32(number));
    })
}

#[test]
fn new_keys_have_their_lengths() {
    assert_eq!(
        [1_016, 1_024, 1_025, 4_104].map(|bits| status(&rsa(bits))),
        [Status::Operation, Status::Done, Status::Operation, Status::Operation]
    );
    assert_eq!(run(&rsa(1_024), &mut States::default()), run(&rsa(1_024), &mut States::default()));
}

#[test]
fn what_is_derived_is_bounded() {
    assert_eq!(
        [255 * 64, 255 * 64 + 1].map(|length| status(&hkdf(length))),
        [Status::Done, Status::Operation]
    );
    let mib = 1 << 20;
    assert_eq!([mib, mib + 1].map(|length| status(&pbkdf2(1, length))), [Status::Done, Status::Operation]);
    // 2^16 blocks of a KiB, and what is beside them, are just too much.
    let bcrypt = |cost: u32, salt: &[u8]| {
        frame(Computation::Bcrypt, |writer| {
            writer.bytes(b"password");
            writer.bytes(salt);
            writer.u32(cost);
        })
    };
    assert_eq!(
        [3, 4, 15].map(|cost| status(&bcrypt(cost, &[7; 16]))),
        [Status::Operation, Status::Done, Status::Operation]
    );
    assert_eq!(status(&bcrypt(4, &[7; 15])), Status::Operation);
    assert_eq!([10, 16].map(|log_n| status(&scrypt(log_n))), [Status::Done, Status::Operation]);
}

#[test]
fn states_are_counted_and_given_so_much_at_once() {
    let mut states = States::default();
    let open = frame(Computation::HashOpen, |writer| writer.u8(2));
    for _ in 0..256 {
        run(&open, &mut states).unwrap();
    }
    assert_eq!(run(&open, &mut states).unwrap_err().0, Status::Quota);
    run(&frame(Computation::Close, |writer| writer.u32(256)), &mut states).unwrap();
    run(&open, &mut states).unwrap();
    let push = |bytes: usize| {
        frame(Computation::HashPush, |writer| {
            writer.u32(1);
            writer.rest(&vec![0; bytes]);
        })
    };
    assert!(run(&push(PUSHED_BYTES_MAX - 6), &mut states).is_ok());
    assert_eq!(run(&push(PUSHED_BYTES_MAX - 5), &mut states).unwrap_err().0, Status::Type);
}

#[test]
fn a_price_grows_with_the_work() {
    let price = |frame: &[u8]| price::of(frame);
    assert!(price(&pbkdf2(u32::MAX, 64)) > 10_000_000_000_000);
    assert!(price(&pbkdf2(2, 64)) < price(&pbkdf2(3, 64)) && price(&pbkdf2(2, 32)) < price(&pbkdf2(2, 33)));
    assert!(price(&rsa(4_096)) > 7 * price(&rsa(2_048)));
}

proptest! {
    #[test]
    fn nothing_that_is_sent_panics(number in 0_u16..60, bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let mut frame = number.to_le_bytes().to_vec();
        frame.extend_from_slice(&bytes);
        // What would take long is refused before it is begun.
        if price::of(&frame) < 10_000_000 {
            let _ = run(&frame, &mut States::default());
        }
    }

    #[test]
    fn no_key_that_is_sent_panics(number in prop_oneof![13_u16..=16, 22_u16..=23, 27_u16..=28], format in 0_u8..4, curve in 1_u8..4, bytes in proptest::collection::vec(any::<u8>(), 0..160)) {
        let mut frame = number.to_le_bytes().to_vec();
        frame.extend_from_slice(&[curve, format]);
        frame.extend_from_slice(&bytes);
        let _ = run(&frame, &mut States::default());
    }
}
