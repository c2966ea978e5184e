//! The requests that are counted: sent over connections that stay open, by threads that allocate nothing meanwhile.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

/// As many at once.
pub(crate) const CONNECTIONS: usize = 16;
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// One kind of request.
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    /// The function that it calls; `None`: code that runs once.
    function: Option<&'static str>,
    address: SocketAddr,
    bytes: Vec<u8>,
}

const ECHO: &str = "export default async (req) => Response.json(await req.json())";
const SELECT: &str = "export default async (req, ctx) => {
  const { rows } = await ctx.db.query('SELECT id, body FROM notes WHERE id = $1', [7]);
  return Response.json(rows[0]);
}";

const NOTES: &str = "CREATE TABLE notes (id int PRIMARY KEY, body text);
INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 100) AS n";

/// All of them.
pub(crate) fn all(app: &TestApp) -> Vec<Asked> {
    run(async {
        app.manage("POST", "/sql").json(json!({ "sql": NOTES })).ok().await;
        app.deploy("hello", "export default () => new Response('hello')").await;
        app.deploy("echo", ECHO).await;
        app.deploy("select", SELECT).await;
    });
    let words = "the quick brown fox ".repeat(50);
    let of = |name, function: Option<&'static str>, method: &str, body: &str| {
        let path = function.map_or_else(|| app.path("/run"), |function| app.path(&format!("/fn/{function}")));
        let key = if function.is_none() {
            format!("authorization: Bearer {}\r\n", app.service_key)
        } else {
            String::new()
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: counts\r\naccept: */*\r\n{key}content-length: {}\r\n\r\n",
            body.len()
        );
        Asked { name, function, address: app.client.address(), bytes: (head + body).into_bytes() }
    };
    vec![
        of("hello", Some("hello"), "GET", ""),
        of("echo of 1 KB", Some("echo"), "POST", &json!({ "words": words, "n": 1 }).to_string()),
        of("one row by its key", Some("select"), "GET", ""),
        of("code that runs once", None, "POST", &json!({ "code": "return { n: 1 }" }).to_string()),
    ]
}

impl Asked {
    /// Send `count` requests, and read their answers.
    pub(crate) fn ask(&self, count: usize) {
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| self.ask_over_one(count / CONNECTIONS));
            }
        });
    }

    fn ask_over_one(&self, count: usize) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let mut answer = [0; ANSWER_BYTES_MAX];
        for _ in 0..count {
            stream.write_all(&self.bytes).unwrap();
            let mut length = 0;
            while !is_whole(&answer[..length]) {
                let read = stream.read(&mut answer[length..]).unwrap();
                assert_ne!(read, 0, "the connection ended");
                length += read;
            }
            let text = &answer[..length];
            assert!(text.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(text));
        }
    }

    /// The fuel of one, as its record or its answer says.
    pub(crate) async fn fuel(&self, app: &TestApp) -> u64 {
        let fuel = |value: &Value| value["fuel"].as_u64().unwrap();
        match self.function {
            Some(function) => fuel(&app.logs(function).await[0]),
            None => {
                let body = json!({ "code": "return { n: 1 }" });
                fuel(&app.manage("POST", "/run").json(body).ok().await)
            }
        }
    }
}

/// Whether an answer's head and as much body as it announces are here.
fn is_whole(answer: &[u8]) -> bool {
    const LENGTH: &[u8] = b"content-length: ";
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let Some(at) = answer[..end].windows(LENGTH.len()).position(|bytes| bytes == LENGTH) else {
        return false;
    };
    let digits = answer[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    answer.len() >= end + 4 + length
}
