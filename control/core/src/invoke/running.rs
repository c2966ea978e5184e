//! `Running`: an invocation from its start to its record. Drives it until the response; then it goes on in the background.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use mayfly_runtime::{DisconnectGuard, Fault, Response, yield_now};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{CachedFunction, CompiledScript, Invoker};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_common::tasks::Attached;
use mayfly_store::InvocationRecord;

/// An invocation that runs. Dropping this leaves it running to its end.
#[derive(Debug)]
pub struct Running {
    /// `inv_...`
    pub id: String,
    pub(super) function: Arc<CachedFunction>,
    pub(super) script: Option<Arc<CompiledScript>>,
    pub(super) invoker: Invoker,
    pub(super) guard: Option<DisconnectGuard>,
    pub(super) reply: oneshot::Receiver<Result<Response, Fault>>,
    pub(super) finished: CancellationToken,
    pub(super) work: Attached<Arc<InvocationRecord>>,
    pub(super) record: Option<Arc<InvocationRecord>>,
}

impl Running {
    /// The function's response, or what to tell its caller instead. Comes before the background phase ends.
    pub async fn response(&mut self) -> ApiResult<Response> {
        let answered = self.answered().await;
        // What is left is the background phase and the record: the response does not wait for them.
        self.work.detach();
        if !self.finished.is_cancelled() {
            self.invoker.shared.pending_records.add(&self.function.function.app_id, self.finished.clone());
        }
        match answered {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(fault)) => {
                let error = self.invoker.explain(&self.function, self.script.as_deref(), fault).await;
                Err(error.of_invocation(&self.id))
            }
            Err(_) => {
                Err(ApiError::internal("the invocation ended without an answer").of_invocation(&self.id))
            }
        }
    }

    /// The response, to a caller inside of another invocation: polled by that one, which has a CPU slot, it would need a
    /// second one, and a long chain would wait for itself.
    pub(crate) async fn response_apart(&mut self) -> ApiResult<Response> {
        self.work.detach();
        self.response().await
    }

    /// Held until the response is sent; dropped before, it tells the function that the client disconnected.
    pub fn disconnect_guard(&mut self) -> Option<DisconnectGuard> {
        self.guard.take()
    }

    /// Drive it until it has an answer. Requests that arrived together are read together, called together and answered
    /// together: see docs/decisions/0020-batch-requests-per-stage.md.
    async fn answered(&mut self) -> Result<Result<Response, Fault>, RecvError> {
        yield_now().await;
        let answered = std::future::poll_fn(|cx| {
            if let Poll::Ready(record) = Pin::new(&mut self.work).poll(cx) {
                self.record = Some(record);
            }
            Pin::new(&mut self.reply).poll(cx)
        })
        .await;
        yield_now().await;
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
