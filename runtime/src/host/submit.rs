//! `mayfly.submit` and `mayfly.poll`: operations that run concurrently with the guest.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use mayfly_abi::frame::Malformed;
use mayfly_abi::op::{Operation, SUBMIT_REFUSED};
use wasmtime::{Caller, Error, Result};

use super::compute::pay;
use super::memory;
use crate::capability::completion::Completion;
use crate::capability::nondeterminism::RecordedPoll;
use crate::capability::operations::{Answer, OperationKind, Operations};
use crate::capability::{compute, timers};
use crate::disconnect::Disconnected;
use crate::guest_error::GuestError;
use crate::meter::{PendingBytes, Refused};
use crate::providers::BoxFuture;
use crate::sandbox::Sandbox;

// Beside its bytes: what a database or a network client spends on the smallest operation, in fuel.
const FUEL_PER_OPERATION: usize = 20_000;
// Beside its bytes: what the host keeps of the smallest operation that carries any.
const OPERATION_BYTES: usize = 2_048;

pub(super) fn submit(mut caller: Caller<'_, Sandbox>, op: u32, ptr: u32, len: u32) -> Result<u32> {
    let op = Operation::from_number(op)
        .ok_or_else(|| Error::msg("the guest submitted an operation with an unknown number"))?;
    memory::charge(&mut caller, len as usize + FUEL_PER_OPERATION);
    if op == Operation::Compute {
        let price = compute::price_of(memory::borrow(&mut caller, ptr, len)?.0);
        if !pay(&mut caller, price)? {
            return Ok(SUBMIT_REFUSED);
        }
    }
    let (bytes, sandbox) = memory::borrow(&mut caller, ptr, len)?;
    if sandbox.nondeterminism.is_replay() {
        // It is answered from the recording.
        return Ok(begin(sandbox, op, OperationKind::Foreground, Box::pin(std::future::pending()), None));
    }
    let held = match carries(op).then(|| sandbox.limiter.hold(bytes.len() + OPERATION_BYTES)).transpose() {
        Ok(held) => held,
        Err(refused) => {
            let work = std::future::ready(Err(refusal(refused)));
            return Ok(begin(sandbox, op, OperationKind::Foreground, Box::pin(work), None));
        }
    };
    let started = match op {
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
            let reserved = sandbox.connections.reserve();
            sandbox.claims.begin(bytes, reserved)
        }
        Operation::KeyValue => sandbox.claims.key_value(bytes),
        Operation::IdempotencyFinish => sandbox.connections.finish(bytes),
        Operation::BodyRead => sandbox.incoming.read(),
        Operation::BodyWrite => sandbox.completion.write(bytes),
        Operation::Disconnect => Ok(disconnect(sandbox.disconnected.take())),
        Operation::FetchRead => sandbox.egress.read(bytes),
        Operation::FetchWrite => sandbox.egress.write(bytes),
        Operation::Compute => compute::submit(bytes, Arc::clone(sandbox.limiter.account().name())),
        Operation::Enqueue => sandbox.queue.enqueue(bytes, &sandbox.connections),
        Operation::Realtime => sandbox.realtime.act(bytes),
        Operation::SocketConnect => {
            let network = sandbox.egress.admit(bytes.len());
            sandbox.sockets.connect(network, bytes, sandbox.operations.upcoming())
        }
        Operation::SocketRead => sandbox.sockets.read(bytes),
        Operation::SocketWrite => sandbox.sockets.write(bytes),
    };
    let (kind, work) = started.map_err(|Malformed| Error::msg("the guest's frame is malformed"))?;
    Ok(begin(sandbox, op, kind, work, held))
}

fn begin(
    sandbox: &mut Sandbox,
    op: Operation,
    kind: OperationKind,
    work: BoxFuture<'static, Answer>,
    held: Option<PendingBytes>,
) -> u32 {
    let number = if op.is_counted() {
        sandbox.operations.begin(kind, work, held).unwrap_or(SUBMIT_REFUSED)
    } else {
        sandbox.operations.begin_uncounted(kind, work, held)
    };
    sandbox.operations.name(number, op);
    number
}

/// Whether a frame has bytes that the function decides about. The others are numbers, and some of them end what holds
/// something: those must not be refused.
fn carries(op: Operation) -> bool {
    match op {
        Operation::DbQuery
        | Operation::DbOpen
        | Operation::DbActAs
        | Operation::IdempotencyClaim
        | Operation::IdempotencyBegin
        | Operation::IdempotencyFinish
        | Operation::KeyValue
        | Operation::Fetch
        | Operation::FetchWrite
        | Operation::BodyWrite
        | Operation::Compute
        | Operation::Enqueue
        | Operation::Realtime
        | Operation::SocketConnect
        | Operation::SocketWrite => true,
        Operation::Sleep
        | Operation::DbBegin
        | Operation::DbCommit
        | Operation::DbRollback
        | Operation::DbSavepoint
        | Operation::DbRelease
        | Operation::DbRollbackTo
        | Operation::DbFetch
        | Operation::DbClose
        | Operation::BodyRead
        | Operation::FetchRead
        | Operation::SocketRead
        | Operation::Disconnect => false,
    }
}

fn refusal(refused: Refused) -> GuestError {
    match refused {
        Refused::Limit => GuestError::new(
            "MEMORY_LIMIT",
            "the operations under way and the function's memory are at the function's memory limit together",
        ),
        Refused::Ledger(shortage) => GuestError::no_memory(shortage),
    }
}

/// A pending disconnect signal does not keep the invocation alive.
fn disconnect(disconnected: Option<Disconnected>) -> (OperationKind, BoxFuture<'static, Answer>) {
    let signal = async move {
        disconnected.unwrap_or_default().signalled().await;
        Ok(Vec::new())
    };
    (OperationKind::Background, Box::pin(signal))
}

/// The number of an operation that has finished and its answer's length, packed; 0 when nothing is pending.
pub(super) async fn poll(mut caller: Caller<'_, Sandbox>) -> Result<u64> {
    memory::charge(&mut caller, 0);
    memory::collect_debt(&mut caller).await?;
    let sandbox = caller.data_mut();
    sandbox.completion.goes_on();
    match sandbox.nondeterminism.recorded_poll()? {
        Some(RecordedPoll::Answer(number, answer)) => {
            return Ok(packed(number, sandbox.operations.answer_with(number, answer)));
        }
        Some(RecordedPoll::NothingPending) => return Ok(0),
        None => {}
    }
    let next = next(&mut sandbox.operations, &mut sandbox.completion).await;
    sandbox.nondeterminism.answered(next.map(|(number, _)| (number, sandbox.operations.answer())));
    // The answer is the host's work: its bytes are charged when the guest reads them.
    Ok(next.map_or(0, |(number, length)| packed(number, length)))
}

/// The next answer. A guest that has to wait for it has done all that it can by itself: the caller gets its response's head.
async fn next(operations: &mut Operations, completion: &mut Completion) -> Option<(u32, usize)> {
    let mut next = pin!(operations.next());
    poll_fn(|cx| {
        let polled = next.as_mut().poll(cx);
        if polled.is_pending() {
            completion.head_leaves();
        }
        polled
    })
    .await
}

fn packed(number: u32, length: usize) -> u64 {
    u64::from(number) << 32 | length as u64
}
