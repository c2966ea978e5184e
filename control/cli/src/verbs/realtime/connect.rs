//! `mayfly realtime connect`: a socket in the terminal.

use futures_util::{SinkExt as _, StreamExt as _};
use mayfly_api::realtime::close_code;
use mayfly_api::routes::RouteId;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::args::RealtimeConnectArgs;
use crate::client::AppSocket;
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;
use crate::stdin;

pub(super) async fn run(remote: &Remote, args: RealtimeConnectArgs) -> Result<Exit, Exit> {
    let RealtimeConnectArgs { token, subscribe, table, present, event, frames } = args;
    let mut socket = remote.socket(RouteId::RealtimeOpen, token.as_deref()).await?;
    for channel in subscribe {
        send(&mut socket, json!({ "type": "subscribe", "channel": channel }).to_string()).await?;
    }
    for table in table {
        send(&mut socket, json!({ "type": "subscribe", "table": table }).to_string()).await?;
    }
    for channel in present {
        send(&mut socket, json!({ "type": "presence_track", "channel": channel }).to_string()).await?;
    }
    talk(&mut socket, stdin::lines()?, event.as_deref(), frames).await
}

async fn talk(
    socket: &mut AppSocket,
    mut lines: mpsc::Receiver<String>,
    event: Option<&str>,
    mut frames: Option<u64>,
) -> Result<Exit, Exit> {
    let mut is_open = true;
    loop {
        if frames == Some(0) {
            let _ = socket.close(None).await;
            return Ok(Exit::Ok);
        }
        tokio::select! {
            line = lines.recv(), if is_open => match line {
                Some(line) if line.trim().is_empty() => {}
                Some(line) => send(socket, frame_of(&line, event)).await?,
                None => is_open = false,
            },
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    out::data(&text);
                    frames = frames.map(|left| left - 1);
                }
                Some(Ok(Message::Binary(bytes))) => out::say(&format!("{} bytes", bytes.len())),
                Some(Ok(Message::Close(frame))) => return Ok(closed(frame.as_ref())),
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    out::complain(&format!("the connection broke: {error}"));
                    return Err(Exit::Failure);
                }
                None => return Ok(closed(None)),
            },
        }
    }
}

/// A line as it is sent.
fn frame_of(line: &str, event: Option<&str>) -> String {
    let parsed = serde_json::from_str::<Value>(line);
    match (&parsed, event) {
        (Ok(value), _) if value["type"].is_string() => line.to_owned(),
        (_, None) => line.to_owned(),
        (_, Some(event)) => {
            let payload = parsed.unwrap_or_else(|_| line.into());
            json!({ "type": "event", "event": event, "payload": payload }).to_string()
        }
    }
}

fn closed(frame: Option<&CloseFrame>) -> Exit {
    let Some(frame) = frame else {
        out::say("closed");
        return Exit::Ok;
    };
    let code = u16::from(frame.code);
    out::say(&format!("closed with {code}: {}", frame.reason));
    match code {
        1000 => Exit::Ok,
        close_code::POLICY | close_code::CREDENTIAL_ENDED => Exit::Auth,
        close_code::TRY_LATER => Exit::Quota,
        _ => Exit::Failure,
    }
}

async fn send(socket: &mut AppSocket, text: String) -> Result<(), Exit> {
    socket.send(Message::text(text)).await.map_err(|error| {
        out::complain(&format!("the connection broke: {error}"));
        Exit::Failure
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_frame_or_the_payload_of_one() {
        let frame = r#"{"type":"ping"}"#;
        assert_eq!(frame_of(frame, Some("chat")), frame);
        assert_eq!(frame_of("hello", None), "hello");
        for (line, payload) in [("hello", json!("hello")), ("{\"a\":1}", json!({ "a": 1 })), ("5", json!(5))]
        {
            let sent: Value = serde_json::from_str(&frame_of(line, Some("chat"))).unwrap();
            assert_eq!(sent, json!({ "type": "event", "event": "chat", "payload": payload }));
        }
    }
}
