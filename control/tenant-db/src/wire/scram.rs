//! SCRAM-SHA-256: proves the password without sending it.

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::error::WireError;
use super::handshake::Handshake;

/// SCRAM-SHA-256, from the server's offer to its own proof.
pub(super) async fn authenticate(
    handshake: &mut Handshake,
    offer: &AuthenticationSaslBody,
    password: Option<&str>,
) -> Result<(), WireError> {
    let offered = offer.mechanisms().any(|mechanism| Ok(mechanism == SCRAM_SHA_256))?;
    let (true, Some(password)) = (offered, password) else {
        return Err(WireError::Protocol("the server asks for a password, and none is configured"));
    };
    let mut scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
    let mut output = BytesMut::new();
    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut output)?;
    handshake.send(&output).await?;
    match handshake.next().await? {
        Message::AuthenticationSaslContinue(body) => scram.update(body.data())?,
        _ => return Err(WireError::Protocol("authentication")),
    }
    output.clear();
    frontend::sasl_response(scram.message(), &mut output)?;
    handshake.send(&output).await?;
    match handshake.next().await? {
        Message::AuthenticationSaslFinal(body) => Ok(scram.finish(body.data())?),
        _ => Err(WireError::Protocol("authentication")),
    }
}
