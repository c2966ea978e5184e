//! Frames from a hostile guest: each is parsed or refused, and a wrong count allocates nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mayfly_abi::fault::FaultReport;
use mayfly_abi::frame::Reader;
use mayfly_abi::head::Head;
use mayfly_abi::operation::{
    ActorFrame, Begin, ClaimAnswer, ClaimFrame, FetchEnd, FetchFrame, FetchRows, FetchWrite, Fetched,
    FinishClaim, OperationError, Query, RowsFrame, Sleep,
};
use mayfly_abi::response::ResponseFrame;
use mayfly_abi::value::Value;

fuzz_target!(|bytes: &[u8]| {
    let _ = (Query::read(bytes), FetchFrame::read(bytes), ClaimFrame::read(bytes), Begin::read(bytes));
    let _ = (
        Sleep::read(bytes),
        FaultReport::read(bytes),
        ResponseFrame::read(bytes),
        OperationError::read(bytes),
    );
    let _ = (Head::read(bytes), Fetched::read(bytes), FetchRows::read(bytes), FinishClaim::read(bytes));
    let _ = (ActorFrame::read(&mut Reader::new(bytes)), RowsFrame::read(bytes), ClaimAnswer::read(bytes));
    let _ = (FetchEnd::read(bytes), FetchWrite::read(bytes));
    let _ = (Value::read(&mut Reader::new(bytes)), Reader::new(bytes).pairs());
});
