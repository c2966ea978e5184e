//! Opens a connection and logs in.

use std::fmt;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use super::cancel::CancelKey;
use super::connection::Connection;
use super::error::WireError;
use super::handshake::Handshake;
use super::scram;
use super::stream::Stream;
use mayfly_postgres::PostgresEndpoint;

/// The login, and the settings that the session starts with.
pub(crate) struct Login<'a> {
    pub(crate) endpoint: &'a PostgresEndpoint,
    pub(crate) database: &'a str,
    pub(crate) user: &'a str,
    pub(crate) password: Option<&'a str>,
    /// Settings of the startup packet: every kind of reset restores them.
    pub(crate) settings: &'a [(&'a str, String)],
}

impl fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("database", &self.database)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Connect, log in, and wait until the server is ready.
pub(crate) async fn connect(login: &Login<'_>) -> Result<Connection, WireError> {
    let mut handshake = Handshake { stream: Stream::open(login.endpoint).await?, input: BytesMut::new() };
    let mut startup = BytesMut::new();
    let fixed = [("user", login.user), ("database", login.database), ("client_encoding", "UTF8")];
    let settings = login.settings.iter().map(|(name, value)| (*name, value.as_str()));
    frontend::startup_message(fixed.into_iter().chain(settings), &mut startup)?;
    handshake.send(&startup).await?;
    authenticate(&mut handshake, login.password).await?;
    let (process_id, secret) = wait_until_ready(&mut handshake).await?;
    let cancel_key = CancelKey { endpoint: login.endpoint.clone(), process_id, secret };
    Ok(Connection::new(handshake.stream, handshake.input, cancel_key))
}

async fn authenticate(handshake: &mut Handshake, password: Option<&str>) -> Result<(), WireError> {
    loop {
        match handshake.next().await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationSasl(offer) => {
                scram::authenticate(handshake, &offer, password).await?;
            }
            // A password is never sent as it is, nor under MD5.
            _ => return Err(WireError::Protocol("the server's way to authenticate is not SCRAM-SHA-256")),
        }
    }
}

async fn wait_until_ready(handshake: &mut Handshake) -> Result<(i32, i32), WireError> {
    let mut key = None;
    loop {
        match handshake.next().await? {
            Message::BackendKeyData(body) => {
                key = Some((body.process_id(), body.secret_key()));
            }
            Message::ReadyForQuery(_) => {
                return key.ok_or(WireError::Protocol("no key to cancel with"));
            }
            Message::ParameterStatus(_) | Message::NoticeResponse(_) => {}
            _ => return Err(WireError::Protocol("startup")),
        }
    }
}
