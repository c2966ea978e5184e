//! `EventSource` and `caches`, over a network of the test's own.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use mayfly_runtime::providers::{BoxFuture, Fetch, FetchRequest, FetchResponse, GuestError};
use mayfly_runtime::{Body, Call, Chunks};

use crate::support::{call, image, invoke, text};

/// One answer: a status, a content type, and the pieces of a body; an error where there is none.
type Answer = Result<(u16, &'static str, &'static [&'static str]), GuestError>;

/// A network that answers one request after the other, and keeps the ids that they begin behind.
struct Script {
    answers: Mutex<Vec<Answer>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn new(answers: Vec<Answer>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers), asked: Mutex::default() })
    }
}

impl Fetch for Script {
    fn fetch(
        self: Arc<Self>,
        request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        let header = |name: &str| {
            request.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value).to_owned()
        };
        self.asked.lock().unwrap().push(format!("{} {}", header("accept"), header("last-event-id")));
        Box::pin(async move {
            let (status, kind, pieces) = self.answers.lock().unwrap().remove(0)?;
            let pieces = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
            // The last stream stays open: what ends it is the client.
            let is_last = self.answers.lock().unwrap().is_empty();
            let end = if is_last {
                futures_util::future::Either::Left(stream::pending())
            } else {
                futures_util::future::Either::Right(stream::empty())
            };
            let body = futures_util::StreamExt::chain(stream::iter(pieces), end);
            Ok(FetchResponse {
                status,
                status_text: String::new(),
                url: request.url,
                redirected: false,
                headers: vec![("content-type".to_owned(), kind.to_owned())],
                body: Body::Stream(Chunks::new(body)),
            })
        })
    }
}

fn over(script: &Arc<Script>) -> Call {
    let mut call = call();
    call.grants.fetch = Some(Arc::clone(script) as Arc<dyn Fetch>);
    call
}

const LISTEN: &str = "export default async () => {
    const source = new EventSource('https://a.example/events', { withCredentials: true }), told = [];
    const note = (e) => told.push([e.type, source.readyState, e.data ?? e.message, e.lastEventId]);
    for (const type of ['open', 'message', 'error', 'tick']) source.addEventListener(type, note);
    await new Promise(done => {
        source.addEventListener('last', done);
        source.addEventListener('error', () => { if (source.readyState === EventSource.CLOSED) done() });
    });
    source.close();
    return Response.json([told, source.readyState, source.withCredentials]);
}";

#[test]
fn events_are_read_and_a_stream_that_ends_goes_on_behind_the_last_one() {
    let script = Script::new(vec![
        Ok((
            200,
            "Text/Event-Stream; charset=utf-8",
            &[
                "\u{feff}: a comment\r\nretry: 1\r\nid: 1\r\ndata: a\r",
                "\ndata:b\r\n\r\nevent: tick\ndata\n\nid: 2\n\n",
                "id: 9\ndata: cut off",
            ],
        )),
        Err(GuestError::new("FETCH_FAILED", "fetch failed: no connection")),
        Ok((200, "text/event-stream", &["data: c\n", "\nevent: last\ndata: x\n\n"])),
    ]);
    let answer = text(invoke(&image(LISTEN), over(&script)).0);
    let expected = [
        r#"["open",1,null,null]"#,
        r#"["message",1,"a\nb","1"]"#,
        r#"["tick",1,"","1"]"#,
        r#"["error",0,null,null]"#,
        r#"["error",0,null,null]"#,
        r#"["open",1,null,null]"#,
        r#"["message",1,"c","2"]"#,
    ];
    let answer = answer.replace(r#"["open",1]"#, r#"["open",1,null,null]"#);
    assert_eq!(answer, format!("[[{}],2,true]", expected.join(",")));
    let asked = script.asked.lock().unwrap();
    assert_eq!(*asked, ["text/event-stream ", "text/event-stream 2", "text/event-stream 2"]);
}

#[test]
fn what_is_no_stream_or_is_refused_is_not_asked_again() {
    for answer in [
        Ok((204, "text/event-stream", &[][..])),
        Ok((200, "application/json", &["{}"][..])),
        Err(GuestError::new("EGRESS_DENIED", "fetch refused: not public")),
    ] {
        let script = Script::new(vec![answer, Ok((500, "", &[]))]);
        let said = text(invoke(&image(LISTEN), over(&script)).0);
        assert!(said.starts_with(r#"[[["error",2,"#) && said.ends_with("],2,true]"), "{said}");
        assert_eq!(script.asked.lock().unwrap().len(), 1);
    }
}

#[test]
fn a_source_that_is_closed_gives_its_connection_up_and_the_function_ends() {
    let script = Script::new(vec![Ok((200, "text/event-stream", &["data: 1\n\ndata: 2\n\n"]))]);
    let code = "export default async () => {
        const source = new EventSource('https://a.example/events');
        const first = await new Promise(done => { source.onmessage = (e) => { source.close(); done(e.data) } });
        return new Response(first);
    }";
    assert_eq!(text(invoke(&image(code), over(&script)).0), "1");
}

#[test]
fn caches_take_everything_and_keep_nothing() {
    let code = "export default async () => {
        const cache = await caches.open('v1'), url = 'https://a.example/';
        const response = new Response('kept?', { headers: { 'cache-control': 'max-age=60' } });
        await caches.default.put(url, response.clone());
        await cache.put(new Request(url), response);
        return Response.json([await caches.default.match(url) === undefined, await cache.match(url) === undefined, await caches.match(url) === undefined,
            await cache.delete(url), await caches.has('v1'), await cache.keys(), await caches.keys(), response.bodyUsed]);
    }";
    assert_eq!(text(invoke(&image(code), call()).0), "[true,true,true,false,false,[],[],true]");
}
