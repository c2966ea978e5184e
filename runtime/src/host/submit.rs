//! `mayfly.submit` and `mayfly.poll`: operations that overlap.

use std::future::{Future, poll_fn};
use std::pin::pin;

use mayfly_abi::frame::Malformed;
use mayfly_abi::op::{Operation, SUBMIT_REFUSED};
use wasmtime::{Caller, Error, Result};

use super::ending::Ending;
use super::operations::{Answer, Kind, Operations};
use super::outside::Told;
use super::{compute, memory, timers};
use crate::hangup::Hangup;
use crate::providers::BoxFuture;
use crate::sandbox::Sandbox;

/// What an operation's host side makes of its frame.
pub(super) type Begun = Result<(Kind, BoxFuture<'static, Answer>), Malformed>;

// Beside its bytes: what a database or a network client spends on the smallest operation, in fuel.
const FUEL_PER_OPERATION: usize = 20_000;

pub(super) fn submit(mut caller: Caller<'_, Sandbox>, op: u32, ptr: u32, len: u32) -> Result<u32> {
    let op = Operation::from_number(op)
        .ok_or_else(|| Error::msg("the guest began an operation that there is not"))?;
    memory::charge(&mut caller, len as usize + FUEL_PER_OPERATION);
    if op == Operation::Compute {
        let price = compute::price_of(memory::borrow(&mut caller, ptr, len)?.0);
        if !compute::pay(&mut caller, price)? {
            return Ok(SUBMIT_REFUSED);
        }
    }
    let (bytes, sandbox) = memory::borrow(&mut caller, ptr, len)?;
    if sandbox.outside.is_replay() {
        // It is answered from the recording.
        return Ok(begin(sandbox, op, Kind::Foreground, Box::pin(std::future::pending())));
    }
    let begun = match op {
        Operation::Sleep => timers::sleep(bytes),
        Operation::DbQuery => sandbox.connections.query(bytes),
        Operation::DbBegin => sandbox.connections.begin(bytes),
        Operation::DbCommit => sandbox.connections.commit(bytes),
        Operation::DbRollback => sandbox.connections.rollback(bytes),
        Operation::IdempotencyClaim => sandbox.claims.claim(bytes),
        Operation::Fetch => sandbox.egress.fetch(bytes, sandbox.operations.upcoming()),
        Operation::DbActAs => sandbox.connections.act_as(bytes),
        Operation::DbSavepoint => sandbox.connections.savepoint(bytes),
        Operation::DbRelease => sandbox.connections.release(bytes),
        Operation::DbRollbackTo => sandbox.connections.rollback_to(bytes),
        Operation::DbOpen => sandbox.connections.open(bytes),
        Operation::DbFetch => sandbox.connections.fetch(bytes),
        Operation::DbClose => sandbox.connections.close(bytes),
        Operation::IdempotencyBegin => {
            let place = sandbox.connections.reserve();
            sandbox.claims.begin(bytes, place)
        }
        Operation::IdempotencySettle => sandbox.connections.settle(bytes),
        Operation::BodyRead => sandbox.incoming.read(),
        Operation::BodyWrite => sandbox.ending.write(bytes),
        Operation::Hangup => Ok(hung_up(sandbox.hangup.take())),
        Operation::FetchRead => sandbox.egress.read(bytes),
        Operation::FetchWrite => sandbox.egress.write(bytes),
        Operation::Compute => compute::submit(bytes),
    };
    let (kind, work) = begun.map_err(|Malformed| Error::msg("the guest's frame is malformed"))?;
    Ok(begin(sandbox, op, kind, work))
}

fn begin(sandbox: &mut Sandbox, op: Operation, kind: Kind, work: BoxFuture<'static, Answer>) -> u32 {
    if op.is_counted() {
        sandbox.operations.begin(kind, work).unwrap_or(SUBMIT_REFUSED)
    } else {
        sandbox.operations.begin_uncounted(kind, work)
    }
}

/// Nothing waits for the caller to go away: it is the background of whatever else goes on.
fn hung_up(hangup: Option<Hangup>) -> (Kind, BoxFuture<'static, Answer>) {
    let happens = async move {
        hangup.unwrap_or_default().happened().await;
        Ok(Vec::new())
    };
    (Kind::Background, Box::pin(happens))
}

/// The number of an operation that has finished and its answer's length, packed; 0 when nothing is pending.
pub(super) async fn poll(mut caller: Caller<'_, Sandbox>) -> Result<u64> {
    memory::charge(&mut caller, 0);
    memory::settle(&mut caller).await?;
    let sandbox = caller.data_mut();
    sandbox.ending.goes_on();
    match sandbox.outside.told_then()? {
        Some(Told::Answer(number, answer)) => {
            return Ok(packed(number, sandbox.operations.answer_with(number, answer)));
        }
        Some(Told::NothingPending) => return Ok(0),
        None => {}
    }
    let next = next(&mut sandbox.operations, &mut sandbox.ending).await;
    sandbox.outside.answered(next.map(|(number, _)| (number, sandbox.operations.answer())));
    // The answer is the host's work: its bytes are charged when the guest reads them.
    Ok(next.map_or(0, |(number, length)| packed(number, length)))
}

/// The next answer. A guest that has to wait for it has done all that it can by itself: whoever called gets its response's head.
async fn next(operations: &mut Operations, ending: &mut Ending) -> Option<(u32, usize)> {
    let mut next = pin!(operations.next());
    poll_fn(|cx| {
        let polled = next.as_mut().poll(cx);
        if polled.is_pending() {
            ending.head_leaves();
        }
        polled
    })
    .await
}

fn packed(number: u32, length: usize) -> u64 {
    u64::from(number) << 32 | length as u64
}
