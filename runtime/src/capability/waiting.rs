//! What an invocation waits for, in words, for the fault of one that has waited until its time was up.

use mayfly_abi::op::Operation;

/// An operation as the author of a function knows it.
pub(crate) fn words(operation: Operation) -> &'static str {
    match operation {
        Operation::Sleep => "a timer",
        Operation::DbQuery => "ctx.db.query",
        Operation::DbBegin
        | Operation::DbCommit
        | Operation::DbRollback
        | Operation::DbSavepoint
        | Operation::DbRelease
        | Operation::DbRollbackTo => "ctx.db.tx",
        Operation::DbActAs => "ctx.db.asUser",
        Operation::DbOpen | Operation::DbFetch | Operation::DbClose => "ctx.db.stream",
        Operation::IdempotencyClaim | Operation::IdempotencyBegin | Operation::IdempotencyFinish => {
            "ctx.idempotency"
        }
        Operation::KeyValue => "ctx.kv",
        Operation::Fetch => "fetch",
        Operation::FetchRead => "the body of a fetch's answer",
        Operation::FetchWrite => "the body of a fetch's request",
        Operation::BodyRead => "the request's body",
        Operation::BodyWrite => "the client, which reads the response's body",
        Operation::Disconnect => "the client's leaving",
        Operation::Compute => "a computation",
        Operation::Enqueue => "ctx.enqueue",
        Operation::Realtime => "ctx.broadcast",
        Operation::SocketConnect => "a WebSocket's connection",
        Operation::SocketRead => "a WebSocket's next message",
        Operation::SocketWrite => "the other side of a WebSocket, which reads",
    }
}
