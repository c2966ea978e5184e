//! Frames come from the guest, and the guest is hostile: any bytes are read or refused, and nothing else.

use mayfly_abi::fault::FaultReport;
use mayfly_abi::frame::{Reader, Writer};
use mayfly_abi::head::Head;
use mayfly_abi::operation::{
    ActorFrame, Begin, ClaimAnswer, ClaimFrame, FetchFrame, FetchRows, Fetched, FinishClaim, OperationError,
    Query, RowsFrame, Sleep,
};
use mayfly_abi::response::ResponseFrame;
use mayfly_abi::value::Value;
use proptest::prelude::*;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_filter("NaN is no equal of itself", |n| !n.is_nan()).prop_map(Value::Number),
        ".*".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        "-?[0-9]{1,40}".prop_map(Value::Bigint),
    ];
    leaf.prop_recursive(4, 30, 6, |inner| proptest::collection::vec(inner, 0..6).prop_map(Value::Array))
}

fn actor() -> impl Strategy<Value = ActorFrame> {
    prop_oneof![Just(ActorFrame::Own), ".*".prop_map(ActorFrame::User), Just(ActorFrame::Anon)]
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = (Query::read(&bytes), FetchFrame::read(&bytes), ClaimFrame::read(&bytes), Begin::read(&bytes));
        let _ = (Sleep::read(&bytes), FaultReport::read(&bytes), ResponseFrame::read(&bytes), OperationError::read(&bytes));
        let _ = (Head::read(&bytes), Fetched::read(&bytes), FetchRows::read(&bytes), FinishClaim::read(&bytes));
        let _ = (ActorFrame::read(&mut Reader::new(&bytes)), RowsFrame::read(&bytes), ClaimAnswer::read(&bytes));
    }

    #[test]
    fn a_cut_frame_is_refused(actor in actor(), sql in ".{1,40}", params in proptest::collection::vec(value(), 1..6), cut in 0.0..1.0f64) {
        let mut writer = Writer::default();
        Query::begin(&mut writer, 7, &actor, 3, &sql, params.len() as u32);
        params.iter().for_each(|param| param.write(&mut writer));
        let frame = writer.finish();
        let (bigint_as_text, rows_as_arrays) = (true, true);
        let query = Query { transaction: 7, actor, bigint_as_text, rows_as_arrays, sql, params };
        prop_assert_eq!(Query::read(&frame), Ok(query));
        let length = (frame.len() as f64 * cut) as usize;
        prop_assert!(Query::read(&frame[..length]).is_err());
    }

    #[test]
    fn what_is_written_is_read(actor in actor(), text in ".*", number in any::<u32>()) {
        let begin = Begin { actor: actor.clone(), isolation: 2, read_only: true };
        prop_assert_eq!(Begin::read(&begin.to_frame()), Ok(begin));
        prop_assert_eq!(ActorFrame::read(&mut Reader::new(&actor.to_frame())), Ok(actor));
        let settle = FinishClaim { transaction: number, result: text.clone() };
        prop_assert_eq!(FinishClaim::read(&settle.to_frame()), Ok(settle));
        for begun in [ClaimAnswer::Mine(number), ClaimAnswer::Done(&text)] {
            let frame = begun.to_frame();
            prop_assert_eq!(ClaimAnswer::read(&frame), Ok(begun));
        }
        let batch = RowsFrame { is_last: number % 2 == 0, json: text.as_bytes() };
        let frame = batch.to_frame();
        prop_assert_eq!(RowsFrame::read(&frame), Ok(batch));
    }

    #[test]
    fn values_survive_the_way(value in value()) {
        let mut writer = Writer::default();
        value.write(&mut writer);
        let frame = writer.finish();
        prop_assert_eq!(Value::read(&mut Reader::new(&frame)), Ok(value));
    }
}
