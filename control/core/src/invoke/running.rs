//! An invocation from its beginning to its record, for whoever waits for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use mayfly_runtime::{Fault, OnTheLine, Response, step_aside};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{Invoker, Target};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_common::tasks::Attached;
use mayfly_store::InvocationRecord;

/// An invocation that has begun. Dropping this leaves it running to its end.
#[derive(Debug)]
pub struct Running {
    /// `inv_...`
    pub id: String,
    pub(super) target: Arc<Target>,
    pub(super) invoker: Invoker,
    pub(super) line: Option<OnTheLine>,
    pub(super) reply: oneshot::Receiver<Result<Response, Fault>>,
    pub(super) finished: CancellationToken,
    pub(super) work: Attached<Arc<InvocationRecord>>,
    pub(super) record: Option<Arc<InvocationRecord>>,
}

impl Running {
    /// The function's answer, or what to tell its caller instead. Comes before `waitUntil` is through.
    pub async fn reply(&mut self) -> ApiResult<Response> {
        let answered = self.answered().await;
        // What is left is its background, and its record: nobody who waits for the answer waits for them.
        self.work.detach();
        if !self.finished.is_cancelled() {
            self.invoker.inner.tails.add(&self.target.function.app_id, self.finished.clone());
        }
        match answered {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(fault)) => {
                let error = self.invoker.explain(&self.target, fault).await;
                Err(error.of_invocation(&self.id))
            }
            Err(_) => {
                Err(ApiError::internal("the invocation ended without an answer").of_invocation(&self.id))
            }
        }
    }

    /// The caller's end of the line; dropped before the answer is all there, it tells the function that they went away.
    pub fn line(&mut self) -> Option<OnTheLine> {
        self.line.take()
    }

    /// Drive it until it has an answer. Requests that arrived together are read together, called together and answered
    /// together: see docs/decisions/0020-batch-requests-per-stage.md.
    async fn answered(&mut self) -> Result<Result<Response, Fault>, RecvError> {
        step_aside().await;
        let answered = std::future::poll_fn(|cx| {
            if let Poll::Ready(record) = Pin::new(&mut self.work).poll(cx) {
                self.record = Some(record);
            }
            Pin::new(&mut self.reply).poll(cx)
        })
        .await;
        step_aside().await;
        answered
    }

    /// The whole record, once everything is over.
    pub async fn record(self) -> Arc<InvocationRecord> {
        match self.record {
            Some(record) => record,
            None => self.work.await,
        }
    }
}
