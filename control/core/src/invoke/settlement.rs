//! What happens between a function's response and its caller: the invocation's transaction is committed, and the response
//! is stored under its request's key.

use std::sync::Arc;

use mayfly_runtime::providers::GuestError;
use mayfly_runtime::{Body, Fault, Outcome, Response, Thrown};
use mayfly_tenant_db::db::{InvocationTransaction, ResponseHold};
use tokio::sync::oneshot;

use super::keyed;

type Reply = Result<Response, Fault>;

/// Passes the response on when all that belongs to it is committed: with a status below 500; else it is undone.
pub(super) struct Settlement {
    /// `inv_...`
    pub(super) invocation_id: String,
    /// Of an invocation that is one.
    pub(super) transaction: Option<Arc<InvocationTransaction>>,
    /// Of a request with a key.
    pub(super) hold: Option<ResponseHold>,
    /// What the function answers.
    pub(super) answered: oneshot::Receiver<Reply>,
    /// What its caller gets.
    pub(super) answer: oneshot::Sender<Reply>,
}

impl Settlement {
    /// Says why the response was not given, where the function gave one.
    pub(super) async fn settle(mut self) -> Option<Fault> {
        let response = match (&mut self.answered).await {
            Ok(Ok(response)) => response,
            Ok(Err(fault)) => {
                self.undo().await;
                // It is the outcome's already.
                let _ = self.answer.send(Err(fault));
                return None;
            }
            Err(_) => {
                self.undo().await;
                return None;
            }
        };
        let reply = self.complete(response).await;
        if reply.is_err() {
            self.undo().await;
        }
        let fault = reply.as_ref().err().cloned();
        // A caller that is gone has its answer in the record.
        let _ = self.answer.send(reply);
        fault
    }

    /// Commit what belongs to a response, or undo it, as its status says.
    async fn complete(&self, mut response: Response) -> Reply {
        if response.status >= 500 {
            self.undo().await;
            return Ok(response);
        }
        if let Some(hold) = &self.hold {
            let body = match response.body.take() {
                None => None,
                Some(body) => Some(body.collect(keyed::BODY_BYTES_MAX).await.map_err(too_long)?),
            };
            let stored =
                keyed::stored(&self.invocation_id, &response, body.as_ref()).map_err(not_committed)?;
            match &self.transaction {
                Some(transaction) => {
                    transaction.keep_response(hold, &stored, keyed::KEPT).await.map_err(not_committed)?;
                }
                None => self.keep(hold, &stored).await,
            }
            response.body = body.map(Body::Whole);
        }
        if let Some(transaction) = &self.transaction {
            transaction.end(true).await.map_err(not_committed)?;
        }
        Ok(response)
    }

    /// What the function did is done: its caller gets the response whether it can be kept or not.
    async fn keep(&self, hold: &ResponseHold, stored: &str) {
        match hold.keep(stored, keyed::KEPT).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!("a request with an Idempotency-Key took longer than its key was held for")
            }
            Err(error) => {
                tracing::warn!(%error, "the response to a request with an Idempotency-Key is not kept")
            }
        }
    }

    async fn undo(&self) {
        if let Some(transaction) = &self.transaction
            && let Err(error) = transaction.end(false).await
        {
            // PostgreSQL rolls back what no connection holds any more.
            tracing::debug!(%error, "an invocation's transaction was not rolled back by the node");
        }
        if let Some(hold) = &self.hold {
            keyed::release(hold).await;
        }
    }
}

/// The function answered, and its caller gets an error all the same.
pub(super) fn overrule(outcome: &mut Outcome, fault: Fault) {
    outcome.status = None;
    outcome.fault = Some(fault);
}

fn not_committed(error: GuestError) -> Fault {
    Fault::Threw(Thrown {
        message: format!("Error: the invocation's transaction was not committed: {}", error.message),
        stack: String::new(),
        code: Some(error.code),
    })
}

/// A response that cannot be given again is not given at all.
fn too_long<E>(_error: E) -> Fault {
    Fault::OutputLimit { used: keyed::BODY_BYTES_MAX + 1, limit: keyed::BODY_BYTES_MAX }
}
