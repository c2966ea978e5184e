//! Every host call and every operation, by number.

/// A call that the host answers at once: `call(op, ptr, len) -> u64`.
///
/// Calls either send `len` bytes at `ptr`, or offer `len` bytes at `ptr` to be filled; those answer the whole length
/// of what there is, so that a guest whose buffer was too small can offer a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum HostCall {
    /// Fill: the invocation's [`crate::head::Head`].
    Head = 1,
    /// Fill: the request's body.
    Body = 2,
    /// Fill: the JSON of `ctx.user`, `ctx.caller`, `ctx.app`, `ctx.request`, `ctx.trigger`.
    Context = 3,
    /// Fill: the JSON object of `ctx.env`.
    Env = 4,
    /// Fill: random bytes, as many as offered.
    Random = 5,
    /// Fill: the answer to the operation that `poll` named last.
    Answer = 6,
    /// Send: a console entry, one byte of level and its text.
    Log = 7,
    /// Send: the [`crate::response`].
    Respond = 8,
    /// Send: a [`crate::fault::FaultReport`].
    Fault = 9,
    /// Send nothing; `ptr` is the number of an operation whose answer is not wanted any more.
    Cancel = 10,
    /// Send: a [`crate::fault::FaultReport`] of why a promise given to `waitUntil` was rejected.
    BackgroundFault = 11,
    /// Fill: nothing; answers milliseconds of wall clock left before the deadline.
    TimeLeft = 12,
    /// Nothing: the handler's promise is settled, and so is every promise that it gave to `waitUntil`.
    Done = 13,
    /// Nothing; `ptr` is 1 when the response's body is complete, 0 when it breaks off.
    BodyEnd = 15,
    /// Send: [`crate::operation::FetchEnd`].
    FetchEnd = 16,
    /// Nothing; `ptr` is where the bytecode of the running function lies, or 0. Answers 1 when the CPU budget is used up, and
    /// only the reserve for reporting that is left.
    IsOverBudget = 17,
    /// Nothing; `ptr` is the number of a promise that was given to `waitUntil`.
    PromiseGiven = 18,
    /// Nothing; `ptr` is the number of a promise that has settled: rejected, where `BackgroundFault` was sent just before.
    PromiseSettled = 19,
    /// Nothing; `ptr` is the number of a socket that is not wanted any more.
    SocketEnd = 20,
    /// Fill: the result of the computation that was asked for last.
    Computed = 14,
}

impl HostCall {
    /// The call with this number.
    pub fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Head,
            2 => Self::Body,
            3 => Self::Context,
            4 => Self::Env,
            5 => Self::Random,
            6 => Self::Answer,
            7 => Self::Log,
            8 => Self::Respond,
            9 => Self::Fault,
            10 => Self::Cancel,
            11 => Self::BackgroundFault,
            12 => Self::TimeLeft,
            13 => Self::Done,
            15 => Self::BodyEnd,
            16 => Self::FetchEnd,
            17 => Self::IsOverBudget,
            18 => Self::PromiseGiven,
            19 => Self::PromiseSettled,
            20 => Self::SocketEnd,
            14 => Self::Computed,
            _ => return None,
        })
    }
}

/// An operation that runs on the host while the guest goes on: `submit(op, ptr, len) -> u32`, the operation's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Operation {
    /// A timer; [`crate::operation::Sleep`].
    Sleep = 1,
    /// [`crate::operation::Query`]; answers a JSON result set.
    DbQuery = 2,
    /// [`crate::operation::Begin`]; answers the transaction's number, 4 bytes.
    DbBegin = 3,
    /// The transaction's number, 4 bytes.
    DbCommit = 4,
    /// The transaction's number, 4 bytes.
    DbRollback = 5,
    /// [`crate::operation::ClaimFrame`]; answers one byte.
    IdempotencyClaim = 6,
    /// [`crate::operation::FetchFrame`]; answers [`crate::operation::Fetched`].
    Fetch = 7,
    /// [`crate::operation::ActorFrame`]; answers nothing where the invocation may impersonate it.
    DbActAs = 8,
    /// A transaction's number, 4 bytes: sets a savepoint.
    DbSavepoint = 9,
    /// The transaction's number, 4 bytes: releases the innermost savepoint.
    DbRelease = 10,
    /// The transaction's number, 4 bytes: rolls back to the innermost savepoint.
    DbRollbackTo = 11,
    /// [`crate::operation::Query`]; answers the stream's number, 4 bytes.
    DbOpen = 12,
    /// [`crate::operation::FetchRows`]; answers [`crate::operation::RowsFrame`].
    DbFetch = 13,
    /// The stream's number, 4 bytes.
    DbClose = 14,
    /// [`crate::operation::ClaimFrame`]; answers [`crate::operation::ClaimAnswer`].
    IdempotencyBegin = 15,
    /// [`crate::operation::FinishClaim`].
    IdempotencyFinish = 16,
    /// Nothing; answers the next piece of the request's body, or nothing at its end.
    BodyRead = 18,
    /// A piece of the response's body; answered when there is room for the next.
    BodyWrite = 19,
    /// Nothing; answers when the client disconnects. It does not keep the invocation alive.
    Disconnect = 20,
    /// The number of a fetch, 4 bytes; answers the next piece of its answer's body, or nothing at its end.
    FetchRead = 21,
    /// The number of a fetch, 4 bytes, and a piece of its request's body; answered when there is room for the next.
    FetchWrite = 22,
    /// A frame of a [`crate::compute::Computation`] that takes long; answers its status, 4 bytes, and its result.
    Compute = 17,
    /// [`crate::operation::EnqueueFrame`]; answers [`crate::operation::Enqueued`].
    Enqueue = 23,
    /// [`crate::operation::KeyValueFrame`]; answers JSON, or nothing.
    KeyValue = 24,
    /// [`crate::operation::ConnectFrame`]; answers the subprotocol that was chosen, as text. The operation's number is the socket's.
    SocketConnect = 25,
    /// The number of a socket, 4 bytes; answers its next [`crate::operation::MessageFrame`].
    SocketRead = 26,
    /// The number of a socket and a [`crate::operation::MessageFrame`]; answered when that has been written.
    SocketWrite = 27,
    /// [`crate::operation::RealtimeFrame`]; answers nothing.
    Realtime = 40,
}

impl Operation {
    /// Whether it counts against the invocation's limit of operations. The pieces of a body, and the messages of a socket,
    /// do not: fuel and time bound them, and there are many.
    pub fn is_counted(self) -> bool {
        !matches!(
            self,
            Self::BodyRead
                | Self::BodyWrite
                | Self::Disconnect
                | Self::FetchRead
                | Self::FetchWrite
                | Self::SocketRead
                | Self::SocketWrite
        )
    }

    /// The operation with this number.
    pub fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Sleep,
            2 => Self::DbQuery,
            3 => Self::DbBegin,
            4 => Self::DbCommit,
            5 => Self::DbRollback,
            6 => Self::IdempotencyClaim,
            7 => Self::Fetch,
            8 => Self::DbActAs,
            9 => Self::DbSavepoint,
            10 => Self::DbRelease,
            11 => Self::DbRollbackTo,
            12 => Self::DbOpen,
            13 => Self::DbFetch,
            14 => Self::DbClose,
            15 => Self::IdempotencyBegin,
            16 => Self::IdempotencyFinish,
            18 => Self::BodyRead,
            19 => Self::BodyWrite,
            20 => Self::Disconnect,
            21 => Self::FetchRead,
            22 => Self::FetchWrite,
            23 => Self::Enqueue,
            24 => Self::KeyValue,
            25 => Self::SocketConnect,
            26 => Self::SocketRead,
            27 => Self::SocketWrite,
            17 => Self::Compute,
            40 => Self::Realtime,
            _ => return None,
        })
    }
}

/// What `submit` answers when the invocation has begun all the operations it may.
pub const SUBMIT_REFUSED: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_leads_back_to_itself() {
        for number in 0..64 {
            if let Some(call) = HostCall::from_number(number) {
                assert_eq!(call as u32, number);
            }
            if let Some(operation) = Operation::from_number(number) {
                assert_eq!(operation as u32, number);
            }
        }
    }
}
