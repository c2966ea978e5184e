//! Frames from a hostile guest: each is parsed or refused, and a wrong count allocates nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mayfly_abi::fault::Report;
use mayfly_abi::frame::Reader;
use mayfly_abi::head::Head;
use mayfly_abi::operation::{
    Actor, Batch, Begin, Begun, Claim, Fetch, FetchEnd, FetchWrite, Fetched, Fetching, OperationError, Query,
    Settle, Sleep,
};
use mayfly_abi::response::Frame;
use mayfly_abi::value::Value;

fuzz_target!(|bytes: &[u8]| {
    let _ = (Query::read(bytes), Fetch::read(bytes), Claim::read(bytes), Begin::read(bytes));
    let _ = (Sleep::read(bytes), Report::read(bytes), Frame::read(bytes), OperationError::read(bytes));
    let _ = (Head::read(bytes), Fetched::read(bytes), Fetching::read(bytes), Settle::read(bytes));
    let _ = (Actor::read(&mut Reader::new(bytes)), Batch::read(bytes), Begun::read(bytes));
    let _ = (FetchEnd::read(bytes), FetchWrite::read(bytes));
    let _ = (Value::read(&mut Reader::new(bytes)), Reader::new(bytes).pairs());
});
