//! Asks PostgreSQL to stop what one connection is doing, until it has stopped.

use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;

use super::stream::Stream;
use mayfly_postgres::PostgresEndpoint;

/// How long delivering one request may take.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a backend may go on before it is left to its own statement timeout.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause after the first request. Each one after it is twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(20);

/// The longest pause between two requests.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Names one backend, whose connection is never used again: a request that arrives late can hit no other statement.
#[derive(Debug)]
pub(super) struct CancelKey {
    pub(super) endpoint: PostgresEndpoint,
    pub(super) process_id: i32,
    pub(super) secret: i32,
}

impl CancelKey {
    /// Cancel what runs on this connection, and wait until its backend is gone.
    ///
    /// PostgreSQL ignores a request while the backend waits for a command. On a busy machine a request can overtake the
    /// statement that it is meant for, and each statement of a round trip may need one: so it is repeated. A backend
    /// closes its socket by its exit, so the end of the stream says that nothing runs any more. Best effort: a server
    /// that cannot be reached has nothing to stop.
    pub(super) async fn stop(&self, stream: &mut Stream) {
        let _ = tokio::time::timeout(STOP_TIMEOUT, async {
            let mut closed = std::pin::pin!(stream.close());
            let mut pause = PAUSE_FIRST;
            loop {
                let _ = tokio::time::timeout(DELIVERY_TIMEOUT, self.deliver()).await;
                if tokio::time::timeout(pause, &mut closed).await.is_ok() {
                    return;
                }
                pause = (pause * 2).min(PAUSE_MAX);
            }
        })
        .await;
    }

    async fn deliver(&self) -> std::io::Result<()> {
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
