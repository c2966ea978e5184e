//! Asks PostgreSQL to stop what one connection is doing.

use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;

use super::stream::Stream;
use mayfly_postgres::PostgresEndpoint;

/// How long delivering the request may take.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Names one backend. It is used once, for a connection that is thrown away afterwards: a request that arrives late
/// can therefore hit no other statement.
#[derive(Debug, Clone)]
pub(crate) struct CancelKey {
    pub(super) endpoint: PostgresEndpoint,
    pub(super) process_id: i32,
    pub(super) secret: i32,
}

impl CancelKey {
    /// Deliver the request. Best effort: a server that cannot be reached has nothing to stop.
    pub(crate) async fn cancel(self) {
        let _ = tokio::time::timeout(TIMEOUT, self.deliver()).await;
    }

    async fn deliver(self) -> std::io::Result<()> {
        let mut request = BytesMut::new();
        frontend::cancel_request(self.process_id, self.secret, &mut request);
        let mut stream = Stream::open(&self.endpoint).await?;
        stream.write_all(&request).await?;
        // The server closes when it has passed the signal on.
        let mut nothing = BytesMut::with_capacity(1);
        stream.read(&mut nothing).await?;
        Ok(())
    }
}
