//! Moves frames between one connection and its session, until one of them ends.
//!
//! Frames are handled one after the other; while one is, the connection is read on, so that pings are answered and a
//! client that left is noticed, but only so far ahead: then the client waits.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use mayfly_api::realtime::{SocketClose, SocketFrame, SocketMessage, close_code};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::wire::{Read, Wire};
use crate::services::SocketSession;
use crate::settings::EdgeLimits;

/// Frames that are read ahead.
const AHEAD_MAX: usize = 16;
/// Pings without any sign of life after which a client is gone.
const PINGS_MAX: u32 = 3;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What came first.
enum Event {
    Read(Read),
    Message(SocketMessage),
    Done,
    Tick,
    Stop,
}

/// Why it ended.
enum End {
    /// The client is gone.
    Gone,
    /// The server closes it.
    Close(SocketClose),
}

/// Serve one connection to its end.
pub(super) async fn run<S: SocketSession>(
    mut wire: Wire,
    session: S,
    stop: CancellationToken,
    limits: EdgeLimits,
) {
    // Boxed, so that a socket holds the memory of its end only at its end.
    match serve(&mut wire, &session, &stop, limits).await {
        End::Gone => {}
        End::Close(close) => Box::pin(wire.close(&close)).await,
    }
}

async fn serve<S: SocketSession>(
    wire: &mut Wire,
    session: &S,
    stop: &CancellationToken,
    limits: EdgeLimits,
) -> End {
    let mut ticks =
        tokio::time::interval_at(Instant::now() + limits.socket_heartbeat, limits.socket_heartbeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch: Work = Box::pin(session.clone().watch());
    let (mut is_watching, mut is_stopping) = (true, false);
    let mut ahead: VecDeque<SocketFrame> = VecDeque::new();
    let mut work: Option<Work> = None;
    let mut pings = 0;
    loop {
        if work.is_none() {
            if is_stopping {
                return Box::pin(last_words(wire, session)).await;
            }
            work = ahead.pop_front().map(|frame| Box::pin(session.clone().receive(frame)) as Work);
        }
        let is_reading = ahead.len() < AHEAD_MAX && !is_stopping;
        let event = tokio::select! {
            () = stop.cancelled(), if !is_stopping => Event::Stop,
            message = session.next() => Event::Message(message),
            () = poll(&mut work) => Event::Done,
            read = wire.read(), if is_reading => Event::Read(read),
            () = &mut watch, if is_watching => {
                is_watching = false;
                continue;
            }
            _ = ticks.tick() => Event::Tick,
        };
        match event {
            // What runs is finished and answered; what was read ahead was never begun.
            Event::Stop => is_stopping = true,
            Event::Message(SocketMessage::Close(close)) => return End::Close(close),
            Event::Message(message) => {
                if let Err(end) = write(wire, session, message).await {
                    return end;
                }
            }
            Event::Done => work = None,
            Event::Read(Read::Frame(frame)) => {
                pings = 0;
                ahead.push_back(frame);
            }
            Event::Read(Read::Alive) => pings = 0,
            Event::Read(Read::Ended) => return End::Gone,
            Event::Read(Read::Broken(close)) => return End::Close(close),
            Event::Tick => {
                if pings >= PINGS_MAX {
                    let text = "the client answers no pings";
                    return End::Close(SocketClose::new(close_code::GOING_AWAY, text));
                }
                // While nothing is read, no pong can be.
                pings += u32::from(is_reading);
                session.heartbeat();
                if !wire.ping().await {
                    return End::Gone;
                }
            }
        }
    }
}

/// The frame that is being handled, if one is.
async fn poll(work: &mut Option<Work>) {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Send a message, unless more come meanwhile than may wait.
async fn write<S: SocketSession>(wire: &mut Wire, session: &S, message: SocketMessage) -> Result<(), End> {
    let sent = tokio::select! {
        biased;
        sent = wire.write(message) => sent,
        () = session.overflowed() => true,
    };
    if sent { Ok(()) } else { Err(End::Gone) }
}

/// What waits for the client, and then the close of a server that stops.
async fn last_words<S: SocketSession>(wire: &mut Wire, session: &S) -> End {
    loop {
        let message = tokio::select! {
            biased;
            message = session.next() => message,
            () = std::future::ready(()) => break,
        };
        match message {
            SocketMessage::Close(close) => return End::Close(close),
            message => {
                if let Err(end) = write(wire, session, message).await {
                    return end;
                }
            }
        }
    }
    End::Close(SocketClose::new(close_code::RESTART, "the server stops: connect again"))
}
