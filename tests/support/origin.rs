//! An HTTP origin on loopback that answers every request with a response set by the test.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// The server. It ends with the process.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Its port.
    pub address: SocketAddr,
    asked: Arc<AtomicU32>,
    answer: Arc<Mutex<(u16, String)>>,
}

impl Origin {
    /// Starts one that answers with this text.
    pub async fn start(text: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let answer = Arc::new(Mutex::new((200, text.to_owned())));
        let this = Self { address, asked: Arc::default(), answer };
        let server = this.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    let _ = stream.read(&mut buffer).await;
                    server.asked.fetch_add(1, Ordering::SeqCst);
                    let (status, text) = server.answer.lock().expect("the answer").clone();
                    let length = text.len();
                    let head = format!(
                        "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                    );
                    let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
                });
            }
        });
        this
    }

    /// Changes the response.
    pub fn answer(&self, status: u16, text: &str) {
        *self.answer.lock().expect("the answer") = (status, text.to_owned());
    }

    /// The number of requests so far.
    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    /// Its address as a URL.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
