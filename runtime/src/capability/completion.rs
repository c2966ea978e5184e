//! Completion: the response or the fault goes to the caller as soon as it exists; then the background (`waitUntil`) phase.

mod promises;
mod report;
mod response;

use std::time::{Duration, Instant};

use mayfly_abi::fault::{FaultReport, ReportKind};
use mayfly_ledger::Account;
use tokio::sync::oneshot;

pub(crate) use promises::Mark;
pub(crate) use report::LoadFailure;

use promises::Promises;

use super::deadline::Deadline;
use super::operations::Started;
use super::outgoing::{self, Outgoing};
use crate::error::{Fault, Thrown};
use crate::invocation::{BackgroundPromise, Response};
use crate::limits::Limits;
use crate::meter::{MemoryLimiter, fuel};

/// Sends the response, or the fault, to the caller.
pub(crate) type ReplySender = oneshot::Sender<Result<Response, Fault>>;

/// The response was given, or the invocation failed. What comes after is the background phase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Completed {
    pub(crate) at: Instant,
    /// What was left of the fuel.
    pub(crate) fuel: u64,
    /// The response's status; `None` for a failure.
    pub(crate) status: Option<u16>,
}

/// The response or the fault of one invocation, and how far its background phase is.
#[derive(Debug)]
pub(crate) struct Completion {
    reply: Option<ReplySender>,
    completed: Option<Completed>,
    fault: Option<Fault>,
    background_fault: Option<Fault>,
    /// Why the promise that settles next was rejected.
    rejection: Option<Fault>,
    promises: Promises,
    /// Whether the guest said that nothing is left to do.
    done: bool,
    /// At deploy: what the module exports instead of a handler.
    missing_handler: Option<String>,
    /// Whether the guest went on after it had responded.
    went_on: bool,
    /// The response whose body is on its way.
    streaming: Option<Streaming>,
    deadline: Deadline,
    stream: Duration,
    background: Duration,
    response_bytes_max: usize,
    /// The CPU budget.
    fuel: u64,
}

/// A response whose body comes piece by piece.
#[derive(Debug)]
struct Streaming {
    status: u16,
    /// Held back until the body's first piece: one that fails at once is an error like any other.
    head: Option<Response>,
    /// When the head has left.
    since: Instant,
    body: Outgoing,
}

impl Completion {
    pub(crate) fn new(reply: Option<ReplySender>, deadline: Deadline, limits: &Limits) -> Self {
        Self {
            reply,
            completed: None,
            fault: None,
            background_fault: None,
            rejection: None,
            promises: Promises::default(),
            done: false,
            missing_handler: None,
            went_on: false,
            streaming: None,
            deadline,
            stream: limits.stream,
            background: limits.background,
            response_bytes_max: limits.response_bytes,
            fuel: limits.fuel,
        }
    }

    /// Of what runs at deploy or again: no caller waits for it.
    pub(crate) fn unattended(deadline: Deadline, limits: &Limits) -> Self {
        Self::new(None, deadline, limits)
    }

    /// What is left of the wall clock.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.at().saturating_duration_since(Instant::now())
    }

    /// The guest's response. A second one is ignored: the first has left.
    pub(crate) fn respond(&mut self, frame: &[u8], account: &Account, fuel: u64) {
        if self.completed.is_some() || self.streaming.is_some() {
            return;
        }
        match response::read(frame, self.response_bytes_max, account) {
            Ok((response, None)) => {
                self.complete(Some(response.status), fuel);
                self.answer(Ok(response));
            }
            Ok((response, Some(body))) => {
                let (status, since) = (response.status, Instant::now());
                self.streaming = Some(Streaming { status, head: Some(response), since, body });
            }
            Err(fault) => self.fail(fault, fuel),
        }
    }

    /// The head of a response that is streamed leaves: there is something of its body, or that takes longer.
    pub(crate) fn head_leaves(&mut self) {
        let Some(streaming) = &mut self.streaming else { return };
        let Some(head) = streaming.head.take() else { return };
        streaming.since = Instant::now();
        self.deadline.set(streaming.since + self.stream);
        self.answer(Ok(head));
    }

    /// A piece of the body of a response that is streamed.
    pub(crate) fn write(&mut self, piece: &[u8]) -> Started {
        if !piece.is_empty() {
            self.head_leaves();
        }
        match &self.streaming {
            Some(streaming) => streaming.body.write(piece),
            None => Ok(outgoing::closed()),
        }
    }

    /// The body of a response that is streamed has come to its end, or breaks off: that is when the response is given.
    pub(crate) fn body_ends(&mut self, is_complete: bool, fuel: u64) {
        self.head_leaves();
        let Some(Streaming { status, body, .. }) = self.streaming.take() else { return };
        if is_complete {
            body.complete();
        }
        self.complete(Some(status), fuel);
    }

    /// The guest's own report of its failure.
    pub(crate) fn report(&mut self, frame: &[u8], memory: &MemoryLimiter, left: u64) {
        let fault = match FaultReport::read(frame) {
            Ok(FaultReport { kind: ReportKind::NoHandler, message, .. }) => {
                self.missing_handler = Some(message);
                return;
            }
            Ok(report) if fuel::is_over(left) => {
                Fault::CpuLimit { used: fuel::used(self.fuel, left), limit: self.fuel, stack: report.stack }
            }
            Ok(report) => report::fault_of(report, memory),
            Err(_) => report::malformed(),
        };
        if self.completed.is_some() {
            self.background_failed(fault);
        } else {
            self.fail(fault, left);
        }
    }

    /// Why a promise given to `waitUntil` was rejected; the first is kept.
    pub(crate) fn report_background(&mut self, frame: &[u8], memory: &MemoryLimiter) {
        let fault = report::read(frame, memory);
        self.rejection = Some(fault.clone());
        self.background_failed(fault);
    }

    /// A promise was given to `waitUntil`.
    pub(crate) fn promise_given(&mut self, number: u32, mark: Mark) {
        self.promises.begin(number, mark);
    }

    /// It settled: rejected with what was reported last, or fulfilled.
    pub(crate) fn promise_settled(&mut self, number: u32, mark: Mark) {
        self.promises.settle(number, mark, self.rejection.take());
    }

    /// All promises given to `waitUntil`, and how many have no record.
    pub(crate) fn promises(&self, end: Mark) -> (Vec<BackgroundPromise>, u32) {
        self.promises.finish(end)
    }

    /// The background phase failed; the first reason is kept.
    pub(crate) fn background_failed(&mut self, fault: Fault) {
        self.went_on = true;
        self.background_fault.get_or_insert(fault);
    }

    /// Code that runs once was not loaded: its top level failed, which was reported, or it exports no handler.
    pub(crate) fn not_loaded(&mut self, left: u64) {
        if let Some(message) = self.missing_handler.take() {
            self.fail(
                Fault::Threw(Thrown { message: format!("Error: {message}"), ..Thrown::default() }),
                left,
            );
        }
        self.done = true;
    }

    /// The guest says that nothing is left to do.
    pub(crate) fn done(&mut self) {
        self.done = true;
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// The invocation failed, as the guest reported or the host saw.
    pub(crate) fn fail(&mut self, fault: Fault, fuel: u64) {
        if self.completed.is_some() {
            return;
        }
        // A body that is on its way breaks off.
        self.streaming = None;
        self.complete(None, fuel);
        self.fault = Some(fault.clone());
        self.answer(Err(fault));
    }

    fn complete(&mut self, status: Option<u16>, fuel: u64) {
        let at = Instant::now();
        self.completed = Some(Completed { at, fuel, status });
        self.deadline.set(at + self.background);
    }

    fn answer(&mut self, answer: Result<Response, Fault>) {
        if let Some(reply) = self.reply.take() {
            // The caller may have disconnected; the work is done and recorded all the same.
            let _ = reply.send(answer);
        }
    }

    /// The guest waits for an operation: if it has responded, that is background work.
    pub(crate) fn goes_on(&mut self) {
        self.went_on |= self.completed.is_some();
    }

    /// Which wall clock is running: since when, and for how long.
    pub(crate) fn clock(&self, started: Instant, limits: &Limits) -> (Instant, Duration) {
        match (self.completed, &self.streaming) {
            (Some(completed), _) => (completed.at, limits.background),
            (None, Some(Streaming { head: None, since, .. })) => (*since, limits.stream),
            (None, _) => (started, limits.timeout),
        }
    }

    pub(crate) fn completed(&self) -> Option<Completed> {
        self.completed
    }

    /// Why a module could not be loaded at deploy.
    pub(crate) fn load_failure(&self) -> Option<LoadFailure> {
        match &self.missing_handler {
            Some(message) => Some(LoadFailure::NoHandler(message.clone())),
            None => self.fault.clone().map(LoadFailure::Failed),
        }
    }

    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Whether there was a background phase, and why it failed where it did.
    pub(crate) fn background(&self) -> (bool, Option<Fault>) {
        (self.went_on, self.background_fault.clone())
    }
}
