//! How an invocation ends: its response or its fault goes to whoever waits, at once; what comes after is background.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mayfly_abi::body;
use mayfly_abi::fault::{Kind, Report};
use mayfly_abi::response::Frame;
use tokio::sync::oneshot;

use super::outgoing::{self, Outgoing};
use super::submit::Begun;
use crate::body::Body;
use crate::compile::Loading;
use crate::error::{Fault, Thrown};
use crate::invoke::Response;
use crate::limits::Limits;
use crate::providers::GuestError;
use crate::sandbox::{MemoryLimiter, fuel};

/// Who waits for the response.
pub(crate) type Reply = oneshot::Sender<Result<Response, Fault>>;

/// The wall clock of one invocation: it is set anew when the response is given.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    started: Instant,
    // Microseconds after `started`.
    after: Arc<AtomicU64>,
}

impl Deadline {
    pub(crate) fn new(started: Instant, timeout: Duration) -> Self {
        Self { started, after: Arc::new(AtomicU64::new(timeout.as_micros() as u64)) }
    }

    pub(crate) fn at(&self) -> Instant {
        self.started + Duration::from_micros(self.after.load(Ordering::Relaxed))
    }

    fn set(&self, at: Instant) {
        let after = at.saturating_duration_since(self.started).as_micros() as u64;
        self.after.store(after, Ordering::Relaxed);
    }
}

/// The moment at which the response was given, or the failure was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled {
    pub(crate) at: Instant,
    /// What was left of the fuel.
    pub(crate) fuel: u64,
    /// The response's status; `None` for a failure.
    pub(crate) status: Option<u16>,
}

/// The ending of one invocation.
#[derive(Debug)]
pub(crate) struct Ending {
    reply: Option<Reply>,
    settled: Option<Settled>,
    fault: Option<Fault>,
    background_fault: Option<Fault>,
    /// Whether the guest said that nothing is left to do.
    done: bool,
    /// At deploy: what the module exports instead of a handler.
    missing_handler: Option<String>,
    /// Whether the guest went on after it had settled.
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
    /// It waits for the body's first piece: one that fails at once is an error like any other.
    head: Option<Response>,
    /// When the head has left.
    since: Instant,
    body: Outgoing,
}

impl Ending {
    pub(crate) fn new(reply: Option<Reply>, deadline: Deadline, limits: &Limits) -> Self {
        Self {
            reply,
            settled: None,
            fault: None,
            background_fault: None,
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

    /// What is left of the wall clock.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.at().saturating_duration_since(Instant::now())
    }

    /// The guest's response. A second one is ignored: the first has left.
    pub(crate) fn respond(&mut self, frame: &[u8], fuel: u64) {
        if self.settled.is_some() || self.streaming.is_some() {
            return;
        }
        match self.check(frame) {
            Ok((response, None)) => {
                self.settle(Some(response.status), fuel);
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
    pub(super) fn head_leaves(&mut self) {
        let Some(streaming) = &mut self.streaming else { return };
        let Some(head) = streaming.head.take() else { return };
        streaming.since = Instant::now();
        self.deadline.set(streaming.since + self.stream);
        self.answer(Ok(head));
    }

    /// A piece of the body of a response that is streamed.
    pub(super) fn write(&mut self, piece: &[u8]) -> Begun {
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
        self.settle(Some(status), fuel);
    }

    fn check(&self, frame: &[u8]) -> Result<(Response, Option<Outgoing>), Fault> {
        let malformed = |what: &str| Fault::Trapped { reason: format!("the guest's response has {what}") };
        let frame = Frame::read(frame).map_err(|_| malformed("a malformed frame"))?;
        if let body::Body::Whole(bytes) = frame.body
            && bytes.len() > self.response_bytes_max
        {
            return Err(Fault::OutputLimit { used: bytes.len(), limit: self.response_bytes_max });
        }
        if !(200..=599).contains(&frame.status) {
            return Err(Fault::NoResponse { returned: "a Response.error()".to_owned() });
        }
        if !frame.headers.iter().all(|(name, value)| is_name(name) && is_value(value)) {
            return Err(malformed("a malformed header"));
        }
        let (body, outgoing) = match frame.body {
            body::Body::None => (None, None),
            body::Body::Whole(bytes) => (Some(Bytes::copy_from_slice(bytes).into()), None),
            body::Body::Stream => {
                let (outgoing, chunks) = Outgoing::open(GuestError::new(
                    "BODY_BROKEN",
                    "the function did not complete its response",
                ));
                (Some(Body::Stream(chunks)), Some(outgoing))
            }
        };
        Ok((Response { status: frame.status, headers: frame.headers, body }, outgoing))
    }

    /// What the guest says of its own failure.
    pub(crate) fn report(&mut self, frame: &[u8], memory: &MemoryLimiter, left: u64) {
        let fault = match Report::read(frame) {
            Ok(Report { kind: Kind::NoHandler, message, .. }) => {
                self.missing_handler = Some(message);
                return;
            }
            Ok(report) if fuel::is_over(left) => {
                Fault::CpuLimit { used: fuel::used(self.fuel, left), limit: self.fuel, stack: report.stack }
            }
            Ok(report) => fault_of(report, memory),
            Err(_) => Fault::Trapped { reason: "the guest's report is malformed".to_owned() },
        };
        if self.settled.is_some() {
            self.background_failed(fault);
        } else {
            self.fail(fault, left);
        }
    }

    /// Why a promise given to `waitUntil` was rejected; the first is kept.
    pub(crate) fn report_background(&mut self, frame: &[u8], memory: &MemoryLimiter) {
        self.background_failed(match Report::read(frame) {
            Ok(report) => fault_of(report, memory),
            Err(_) => Fault::Trapped { reason: "the guest's report is malformed".to_owned() },
        });
    }

    /// The background part failed; the first reason is kept.
    pub(crate) fn background_failed(&mut self, fault: Fault) {
        self.went_on = true;
        self.background_fault.get_or_insert(fault);
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
        if self.settled.is_some() {
            return;
        }
        // A body that is on its way breaks off.
        self.streaming = None;
        self.settle(None, fuel);
        self.fault = Some(fault.clone());
        self.answer(Err(fault));
    }

    fn settle(&mut self, status: Option<u16>, fuel: u64) {
        let at = Instant::now();
        self.settled = Some(Settled { at, fuel, status });
        self.deadline.set(at + self.background);
    }

    fn answer(&mut self, answer: Result<Response, Fault>) {
        if let Some(reply) = self.reply.take() {
            // Whoever asked may be gone; the work is done and recorded all the same.
            let _ = reply.send(answer);
        }
    }

    /// The guest waits for an operation: if it has settled, that is background work.
    pub(crate) fn goes_on(&mut self) {
        self.went_on |= self.settled.is_some();
    }

    /// Which wall clock is running: since when, and for how long.
    pub(crate) fn clock(&self, started: Instant, limits: &Limits) -> (Instant, Duration) {
        match (self.settled, &self.streaming) {
            (Some(settled), _) => (settled.at, limits.background),
            (None, Some(Streaming { head: None, since, .. })) => (*since, limits.stream),
            (None, _) => (started, limits.timeout),
        }
    }

    pub(crate) fn settled(&self) -> Option<Settled> {
        self.settled
    }

    /// Why a module could not be loaded at deploy.
    pub(crate) fn report_of_load(&self) -> Option<Loading> {
        match &self.missing_handler {
            Some(message) => Some(Loading::NoHandler(message.clone())),
            None => self.fault.clone().map(Loading::Failed),
        }
    }

    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Whether there was background work, and why it failed where it did.
    pub(crate) fn background(&self) -> (bool, Option<Fault>) {
        (self.went_on, self.background_fault.clone())
    }
}

/// The fault that a report stands for. Only the host knows whether memory really ran out.
pub(crate) fn fault_of(report: Report, memory: &MemoryLimiter) -> Fault {
    let thrown = Thrown { message: report.message, stack: report.stack, code: report.code };
    match report.kind {
        Kind::OutOfMemory if memory.denied() => {
            Fault::MemoryLimit { used: memory.peak(), limit: memory.limit(), stack: thrown.stack }
        }
        Kind::StackOverflow => Fault::StackOverflow(thrown),
        Kind::NoResponse => Fault::NoResponse { returned: thrown.message },
        Kind::Threw | Kind::OutOfMemory | Kind::NoHandler | Kind::Syntax => Fault::Threw(thrown),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

// Characters stand for bytes, so none may be above U+00FF.
fn is_value(value: &str) -> bool {
    value.chars().all(|c| c == '\t' || (u32::from(c) >= 0x20 && u32::from(c) <= 0xff && c != '\u{7f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_and_values_cannot_split_a_response() {
        assert!(is_name("x-a"));
        assert!(!is_name("") && !is_name("a b") && !is_name("a:b") && !is_name("é"));
        assert!(is_value("a\tb é") && is_value(""));
        assert!(!is_value("a\r\nb") && !is_value("\0") && !is_value("€"));
    }
}
