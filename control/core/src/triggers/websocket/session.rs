//! `WebsocketSession`: one client's socket: what its frames do, and when it ends.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use mayfly_api::error::{ApiError, Code};
use mayfly_api::realtime::{FRAME_BYTES_MAX, HEARTBEAT_SECONDS};
use mayfly_api::realtime::{SocketClose, SocketFrame, SocketMessage, close_code};
use mayfly_api::triggers::TriggerKind;
use mayfly_common::clock;
use mayfly_tenant_db::identity::Identity;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::answer::EventAnswer;
use super::event::{WebsocketEvent, binary_request, request};
use super::frame::{Said, Wanted, read};
use super::parts::{WebsocketParts, check_app};
use crate::auth::ClientAccess;
use crate::changes::{RowFilter, TableSubscription};
use crate::invoke::TriggerEvent;
use crate::sockets::presence::METADATA_BYTES_MAX;
use crate::sockets::{Outbox, Registration, Socket};
use crate::triggers::run::{Fired, NotStarted};

/// The longest time between two looks at whether the client may still be here.
const RECHECK: Duration = Duration::from_secs(60);
/// The shortest: clocks differ by fractions of a second.
const RECHECK_MIN: Duration = Duration::from_millis(100);
/// Tables that a socket follows.
const TABLES_MAX: usize = 20;
/// Channels that begin so are joined by the app's functions, and by service keys: clients cannot subscribe by themselves.
const PRIVATE: &str = "private:";

/// One client's socket.
#[derive(Debug)]
pub struct WebsocketSession {
    parts: Arc<WebsocketParts>,
    registration: Registration,
    access: ClientAccess,
    /// Checked again when the app's keys change.
    bearer: Zeroizing<String>,
    peer: IpAddr,
    /// The tables that it follows.
    tables: Mutex<HashMap<Box<str>, TableSubscription>>,
}

impl WebsocketSession {
    pub(super) fn new(
        parts: Arc<WebsocketParts>,
        registration: Registration,
        access: ClientAccess,
        bearer: Zeroizing<String>,
        peer: IpAddr,
    ) -> Self {
        Self { parts, registration, access, bearer, peer, tables: Mutex::default() }
    }

    /// The first frame.
    pub(super) fn greet(&self) {
        let socket = self.socket();
        self.say(&Said::Connected {
            app_id: &socket.app,
            socket_id: &socket.id,
            role: self.access.identity.group(),
            user_id: socket.user.as_deref(),
            heartbeat_seconds: HEARTBEAT_SECONDS,
            frame_bytes_max: FRAME_BYTES_MAX,
        });
    }

    /// What its client has yet to get.
    pub fn outbox(&self) -> &Outbox {
        &self.socket().outbox
    }

    /// Say that the server is there.
    pub fn heartbeat(&self) {
        self.say(&Said::Heartbeat { timestamp: &clock::rfc3339(clock::now()) });
    }

    /// Do what a frame asks for. Its answer is in the outbox when this ends.
    pub async fn receive(&self, frame: SocketFrame) {
        let text = match frame {
            SocketFrame::Binary(bytes) => return self.run_binary(bytes).await,
            SocketFrame::Text(text) => text,
        };
        let (wanted, id) = read(&text);
        let done = match wanted {
            Ok(Wanted::Event { event, payload }) => return self.run_event(&event, payload, id).await,
            Ok(other) => self.serve(other, id).await,
            Err(message) => return self.say(&Said::Error { message: &message, code: None, id }),
        };
        if let Err(error) = done {
            self.say(&Said::Error { message: error.message(), code: Some(error.code().as_str()), id });
        }
    }

    async fn serve(&self, wanted: Wanted<'_>, id: Option<&RawValue>) -> Result<(), ApiError> {
        let socket = self.socket();
        match wanted {
            // It has its own way to an answer.
            Wanted::Event { .. } => {}
            Wanted::Ping => self.say(&Said::Pong { id }),
            Wanted::Subscribe { channel } => {
                self.join(&channel)?;
                self.say(&Said::Subscribed { channel: &channel, id });
            }
            Wanted::Unsubscribe { channel } => {
                self.parts.presence.leave(socket, &channel).await?;
                socket.unsubscribe(&channel);
                self.say(&Said::Unsubscribed { channel: &channel, id });
            }
            Wanted::Follow { table, filter } => self.follow(&table, filter, id).await?,
            Wanted::Unfollow { table } => {
                drop(self.lock_tables().remove(&*table));
                self.say(&Said::NotFollowing { table: &table, id });
            }
            Wanted::Publish { channel, data } => {
                if self.access.identity != Identity::Service {
                    return Err(forbidden("only service keys publish; let a function use ctx.broadcast"));
                }
                self.parts.publisher.broadcast(&socket.app, &channel, data).await?;
                self.say(&Said::Published { channel: &channel, id });
            }
            Wanted::Track { channel, metadata } => {
                if metadata.get().len() > METADATA_BYTES_MAX {
                    let text = format!("may have {METADATA_BYTES_MAX} bytes of JSON at most");
                    return Err(ApiError::invalid("metadata", text));
                }
                let is_new = !socket.is_present(&channel);
                self.join(&channel)?;
                self.parts.presence.enter(socket, &channel, metadata).await?;
                if is_new {
                    self.parts.presence.list(socket, &channel).await?;
                }
            }
            Wanted::Untrack { channel } => self.parts.presence.leave(socket, &channel).await?,
            Wanted::Members { channel } => {
                if !socket.is_subscribed(&channel) {
                    return Err(forbidden("subscribe to the channel first"));
                }
                self.parts.presence.list(socket, &channel).await?;
            }
        }
        Ok(())
    }

    fn join(&self, channel: &str) -> Result<(), ApiError> {
        let socket = self.socket();
        let is_private = channel.starts_with(PRIVATE) && self.access.identity != Identity::Service;
        if is_private && !socket.is_subscribed(channel) {
            return Err(forbidden("a private channel is joined by a function, with ctx.socket.subscribe"));
        }
        if socket.subscribe(channel) {
            return Ok(());
        }
        Err(ApiError::new(Code::ConcurrencyLimit, "the socket has as many channels as it may have"))
    }

    async fn follow(&self, table: &str, filter: RowFilter, id: Option<&RawValue>) -> Result<(), ApiError> {
        let is_full =
            |tables: &HashMap<Box<str>, _>| tables.len() >= TABLES_MAX && !tables.contains_key(table);
        if is_full(&self.lock_tables()) {
            let text = "the socket follows as many tables as it may";
            return Err(ApiError::new(Code::ConcurrencyLimit, text));
        }
        match self.parts.changes.subscribe(self.socket(), &self.access.identity, table, filter).await? {
            Some(subscription) => {
                // One before it, with another filter, ends.
                drop(self.lock_tables().insert(table.into(), subscription));
                self.say(&Said::Following { table, id });
            }
            None => {
                let message = "the table is not switched on for realtime";
                self.say(&Said::Warning { code: "TABLE_NOT_REALTIME_ENABLED", message, table, id });
            }
        }
        Ok(())
    }

    fn lock_tables(&self) -> MutexGuard<'_, HashMap<Box<str>, TableSubscription>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run_event(&self, event: &str, payload: &RawValue, id: Option<&RawValue>) {
        let fired = WebsocketEvent { event: Some(event), socket_id: &self.socket().id, binary: false };
        match self.run(&fired, |url| request(url, event, payload)).await {
            Ok(EventAnswer { status, data }) => {
                self.say(&Said::EventResponse { event: Some(event), id, status, data: &data });
            }
            Err(NoHandler) => {
                let message = format!("No handler for event: {event}");
                self.say(&Said::Error { message: &message, code: None, id });
            }
        }
    }

    async fn run_binary(&self, bytes: Bytes) {
        let fired = WebsocketEvent { event: None, socket_id: &self.socket().id, binary: true };
        match self.run(&fired, |url| binary_request(url, bytes)).await {
            Ok(EventAnswer { status, data }) => {
                self.say(&Said::EventResponse { event: None, id: None, status, data: &data });
            }
            Err(NoHandler) => {
                let message = "No handler for binary frames: it is the websocket trigger without an event";
                self.say(&Said::Error { message, code: None, id: None });
            }
        }
    }

    /// Run the function that handles an event.
    async fn run(
        &self,
        event: &WebsocketEvent<'_>,
        request: impl FnOnce(String) -> mayfly_runtime::Request,
    ) -> Result<EventAnswer, NoHandler> {
        let (socket, runner) = (self.socket(), &self.parts.runner);
        let found = runner.functions.websocket_handler(&socket.app, event.event).await;
        let name = match found {
            Ok(name) => name.ok_or(NoHandler)?,
            Err(error) => return Ok(EventAnswer::refused(&error)),
        };
        // It is never closed, so that there is a slot at some time.
        let _slot = socket.events().acquire_owned().await;
        let trigger = match TriggerEvent::fired(TriggerKind::Websocket, event) {
            Ok(trigger) => trigger.on_socket(Arc::clone(socket)),
            Err(error) => return Ok(EventAnswer::refused(&ApiError::internal(error))),
        };
        let fired = Fired {
            trigger,
            request: request(runner.url(&socket.app, &name)),
            caller: self.access.caller.clone(),
            identity: self.access.identity.clone(),
            peer: self.peer,
        };
        match runner.start_for(&socket.app, &name, fired).await {
            Ok(running) => Ok(EventAnswer::of(running).await),
            Err(NotStarted::Gone) => Err(NoHandler),
            Err(NotStarted::Paused) => {
                Ok(EventAnswer::refused(&ApiError::new(Code::AppPaused, "the app is paused by its owner")))
            }
            Err(NotStarted::Later(error) | NotStarted::Failed(error)) => Ok(EventAnswer::refused(&error)),
        }
    }

    /// Close the socket when its client may be here no more: the token expires, its key is revoked, the app is paused or
    /// closed.
    pub async fn watch(&self) {
        let mut changes = self.socket().changes();
        while self.is_still_welcome().await {
            let pause = self.access.ends.map_or(RECHECK, |ends| {
                let left = ends - clock::now_ms() as f64 / 1e3;
                Duration::try_from_secs_f64(left).unwrap_or_default().clamp(RECHECK_MIN, RECHECK)
            });
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn is_still_welcome(&self) -> bool {
        // Boxed, so that a socket holds its memory only while it is checked.
        let Err((code, error)) = Box::pin(self.check()).await else { return true };
        self.say(&Said::Error { message: error.message(), code: Some(error.code().as_str()), id: None });
        self.outbox().close(SocketClose::new(code, error.message()));
        false
    }

    async fn check(&self) -> Result<(), (u16, ApiError)> {
        let app = &*self.socket().app;
        let checked = match check_app(&self.parts.apps, app).await {
            Ok(()) => self.parts.authenticator.check_client(app, &self.bearer).await.map(|_| ()),
            Err(error) => Err(error),
        };
        match checked {
            Ok(()) => Ok(()),
            Err(error) => match error.code() {
                Code::AppPaused | Code::AppClosed => Err((close_code::TRY_LATER, error)),
                Code::ResourceNotFound => Err((close_code::POLICY, error)),
                Code::AuthInvalidToken
                | Code::AuthEndUserJwtExpired
                | Code::AuthInvalidApiKey
                | Code::AuthForbidden => Err((close_code::CREDENTIAL_ENDED, error)),
                // What cannot be looked up now is as it was.
                _ => Ok(()),
            },
        }
    }

    /// It is over: it is present nowhere any more.
    pub async fn end(&self) {
        self.lock_tables().clear();
        self.parts.presence.leave_all(self.socket()).await;
    }

    fn socket(&self) -> &Arc<Socket> {
        &self.registration.socket
    }

    fn say(&self, said: &Said<'_>) {
        let message: SocketMessage = said.to_message();
        self.outbox().send(message);
    }
}

/// No function handles the event.
struct NoHandler;

fn forbidden(message: &str) -> ApiError {
    ApiError::new(Code::AuthForbidden, message.to_owned())
}
