//! `WebSocket`: its events, its states and its bounds, over a network of the test's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mayfly_runtime::providers::{
    BoxFuture, Fetch, FetchRequest, FetchResponse, GuestError, OutboundMessage, OutboundSocket, SocketReader,
    SocketRequest, SocketWriter,
};
use mayfly_runtime::{Call, Fault, Image, Limits, Recording};
use tokio::sync::mpsc;

use crate::support::{block_on, build, call, engine, image, invoke, text};

/// A network whose every server sends back what it gets, and keeps a list of it.
#[derive(Default)]
struct Network {
    asked: Mutex<Vec<SocketRequest>>,
    sent: Arc<Mutex<Vec<OutboundMessage>>>,
}

struct Received(mpsc::UnboundedReceiver<OutboundMessage>);

struct Echo {
    back: mpsc::UnboundedSender<OutboundMessage>,
    sent: Arc<Mutex<Vec<OutboundMessage>>>,
}

impl Fetch for Network {
    fn fetch(self: Arc<Self>, _: FetchRequest) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        Box::pin(async { Err(GuestError::new("FETCH_FAILED", "sockets alone")) })
    }

    fn connect(
        self: Arc<Self>,
        request: SocketRequest,
    ) -> BoxFuture<'static, Result<OutboundSocket, GuestError>> {
        let (url, protocols) = (request.url.clone(), request.protocols.clone());
        self.asked.lock().unwrap().push(request);
        Box::pin(async move {
            if url.contains("denied") {
                return Err(GuestError::new(
                    "EGRESS_DENIED",
                    "WebSocket refused: that address is not public",
                ));
            }
            if url.contains("silent") {
                std::future::pending::<()>().await;
            }
            let (back, received) = mpsc::unbounded_channel();
            let protocol = protocols.split(", ").last().unwrap_or_default().to_owned();
            Ok(OutboundSocket {
                protocol,
                reader: Box::new(Received(received)),
                writer: Box::new(Echo { back, sent: Arc::clone(&self.sent) }),
            })
        })
    }
}

impl SocketReader for Received {
    fn next(&mut self) -> BoxFuture<'_, Result<OutboundMessage, GuestError>> {
        Box::pin(async {
            match self.0.recv().await {
                Some(message) => Ok(message),
                None => std::future::pending().await,
            }
        })
    }
}

impl SocketWriter for Echo {
    fn send(&mut self, message: OutboundMessage) -> BoxFuture<'_, Result<(), GuestError>> {
        self.sent.lock().unwrap().push(message.clone());
        let broke = message == OutboundMessage::Text("break".to_owned());
        Box::pin(async move {
            if broke {
                return Err(GuestError::new("FETCH_FAILED", "WebSocket failed: the connection broke off"));
            }
            self.back.send(message).map_err(|_| GuestError::new("FETCH_FAILED", "no reader"))
        })
    }
}

fn over(network: &Arc<Network>) -> Call {
    let mut call = call();
    call.grants.fetch = Some(Arc::clone(network) as Arc<dyn Fetch>);
    call
}

/// What a handler's statements answer, with `told`, a list of events, at hand.
fn answer(statements: &str) -> String {
    let network = Arc::default();
    text(invoke(&image(&told(statements)), over(&network)).0)
}

fn told(statements: &str) -> String {
    format!(
        "const watch = (socket) => {{
            const told = [], over = new Promise(done => socket.addEventListener('close', done));
            for (const type of ['open', 'message', 'error', 'close']) socket.addEventListener(type, (e) => {{
                const told_of = {{ open: () => socket.readyState, message: () => e.data, error: () => e.message,
                    close: () => [e.code, e.reason, e.wasClean, socket.readyState] }};
                told.push([type, told_of[type]()]);
            }});
            return {{ told, over, open: new Promise(done => socket.addEventListener('open', done)) }};
        }};
        export default async () => {{ {statements} }};"
    )
}

#[test]
fn a_socket_opens_talks_and_closes() {
    let code = "const socket = new WebSocket('https://a.example/x?y=z', ['one', 'two']);
        const before = [socket.url, socket.readyState, socket.protocol, socket.binaryType, socket.extensions];
        const { told, over, open } = watch(socket);
        socket.onmessage = (e) => { if (e.data === 'last') socket.close(4001, 'bye') };
        await open;
        socket.binaryType = 'arraybuffer';
        socket.send('caf\u{e9}');
        socket.send(new Uint8Array([1, 2, 3]).subarray(1));
        socket.send(new Blob(['blob']));
        socket.send('last');
        const buffered = socket.bufferedAmount;
        const closed = await over;
        socket.send('too late');
        for (const pair of told) if (pair[1] instanceof ArrayBuffer) pair[1] = [...new Uint8Array(pair[1])];
        return Response.json([before, buffered, socket.bufferedAmount, socket.protocol, told, closed instanceof CloseEvent, closed.target === socket, closed.isTrusted]);";
    let expected = r#"[["wss://a.example/x?y=z",0,"","blob",""],15,8,"two",[["open",1],["message","café"],["message",[2,3]],["message",[98,108,111,98]],["message","last"],["close",[4001,"bye",true,3]]],true,true,true]"#;
    assert_eq!(answer(code), expected);
}

#[test]
fn messages_are_blobs_unless_it_is_said_otherwise() {
    let code = "const socket = new WebSocket('wss://a.example');
        const { open } = watch(socket);
        await open;
        const next = new Promise(done => { socket.onmessage = done });
        const bytes = new Uint8Array([65, 66]);
        socket.send(bytes.buffer);
        bytes.fill(0);
        const event = await next;
        return Response.json([event.data instanceof Blob, await event.data.text(), event.origin, socket.CLOSING, WebSocket.CLOSED]);";
    assert_eq!(answer(code), r#"[true,"AB","wss://a.example",2,3]"#);
}

#[test]
fn what_cannot_be_a_socket_throws() {
    let code = "const tried = (make) => { try { make(); return 'fine' } catch (error) { return error.name } };
        const open = (...given) => tried(() => new WebSocket(...given));
        const socket = new WebSocket('wss://a.example');
        const early = tried(() => socket.send('x'));
        await watch(socket).open;
        return Response.json([open(), open('nonsense'), open('ftp://a.example'), open('wss://a.example/#part'),
            open('wss://a.example', 'a b'), open('wss://a.example', ['a', 'A']), open('wss://a.example', ''), early,
            tried(() => socket.close(1001)), tried(() => socket.close(2999)), tried(() => socket.close(5000)), tried(() => socket.close(3000, 'x'.repeat(124))),
            tried(() => socket.send('x'.repeat((1 << 20) + 1))), tried(() => socket.send('x'.repeat(1 << 20))), tried(() => socket.close(3000, 'x'.repeat(123)))]);";
    let syntax = r#""SyntaxError","#.repeat(6);
    let codes = r#""InvalidAccessError","#.repeat(3);
    let expected = format!(
        r#"["TypeError",{syntax}"InvalidStateError",{codes}"SyntaxError","QuotaExceededError","fine","fine"]"#
    );
    assert_eq!(answer(code), expected);
}

#[test]
fn headers_and_subprotocols_go_along_in_each_way_that_clients_say_them() {
    let network: Arc<Network> = Arc::default();
    let code = told(
        "await watch(new WebSocket('wss://1.example', { headers: { Authorization: 'Bearer x' }, protocols: ['a', 'b'] })).open;
         await watch(new WebSocket('wss://2.example', 'a', { headers: { 'X-Key': '1' } })).open;
         await watch(new WebSocket('wss://3.example')).open;
         return new Response();",
    );
    assert_eq!(invoke(&image(&code), over(&network)).0.unwrap().status, 200);
    let asked = network.asked.lock().unwrap();
    let request = |url: &str, headers: &[(&str, &str)], protocols: &str| SocketRequest {
        url: url.to_owned(),
        headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        protocols: protocols.to_owned(),
    };
    assert_eq!(
        *asked,
        [
            request("wss://1.example/", &[("authorization", "Bearer x")], "a, b"),
            request("wss://2.example/", &[("x-key", "1")], "a"),
            request("wss://3.example/", &[], ""),
        ]
    );
}

#[test]
fn what_fails_says_why_and_then_is_closed() {
    let refused = "const socket = new WebSocket('wss://denied.example');
        const { told, over } = watch(socket);
        const error = new Promise(done => { socket.onerror = (e) => done(e.error.code) });
        await over;
        return Response.json([told, await error]);";
    let why = "WebSocket refused: that address is not public";
    assert_eq!(
        answer(refused),
        format!(r#"[[["error","{why}"],["close",[1006,"",false,3]]],"EGRESS_DENIED"]"#)
    );
    let early = "const socket = new WebSocket('wss://silent.example');
        socket.close();
        const { told, over } = watch(socket), state = socket.readyState;
        await over;
        return Response.json([state, told]);";
    let why = "The WebSocket was closed before it was open";
    assert_eq!(answer(early), format!(r#"[2,[["error","{why}"],["close",[1006,"",false,3]]]]"#));
    let broken = "const socket = new WebSocket('wss://a.example');
        const { told, over, open } = watch(socket);
        await open;
        socket.send('break');
        await over;
        return Response.json(told.slice(1));";
    let why = "WebSocket failed: the connection broke off";
    assert_eq!(answer(broken), format!(r#"[["error","{why}"],["close",[1006,"",false,3]]]"#));
}

#[test]
fn what_was_sent_leaves_before_the_invocation_is_done() {
    let network: Arc<Network> = Arc::default();
    let code = told(
        "const socket = new WebSocket('wss://a.example');
         await watch(socket).open;
         for (let i = 0; i < 50; i++) socket.send(`${i}`);
         socket.close(1000, 'done');
         return new Response('sent');",
    );
    let (response, outcome) = invoke(&image(&code), over(&network));
    assert_eq!(text(response), "sent");
    let sent = network.sent.lock().unwrap();
    assert_eq!(sent.len(), 51);
    assert_eq!(sent[49], OutboundMessage::Text("49".to_owned()));
    assert_eq!(sent[50], OutboundMessage::Close(1000, "done".to_owned()));
    assert!(outcome.usage.egress_bytes >= 90 + 4, "{:?}", outcome.usage);
}

#[test]
fn an_open_socket_is_waited_for_and_ends_with_its_invocation() {
    let network: Arc<Network> = Arc::default();
    // Nothing else is under way: without the socket it would be a function that hangs.
    let code = told("await watch(new WebSocket('wss://a.example')).over; return new Response()");
    let limits = Limits { timeout: Duration::from_millis(60), ..Limits::default() };
    let fault = invoke(&image(&code), Call { limits, ..over(&network) }).0.unwrap_err();
    assert!(matches!(fault, Fault::TimedOut { .. }), "{fault:?}");
    assert!(fault.detailed().contains("a WebSocket's next message"), "{}", fault.detailed());
    let code = told("await watch(new WebSocket('wss://a.example')).open; return new Response('open')");
    assert_eq!(text(invoke(&image(&code), over(&network)).0), "open");
    let closed = told(
        "const socket = new WebSocket('wss://a.example'), { over, open } = watch(socket); await open; socket.close(); await over; await new Promise(() => {})",
    );
    let fault = invoke(&image(&closed), over(&network)).0.unwrap_err();
    assert!(matches!(fault, Fault::Hung), "{fault:?}");
}

#[test]
fn sockets_and_their_number_are_bounded() {
    let open = |number: u32| {
        answer(&format!(
            "const sockets = Array.from({{ length: {number} }}, () => new WebSocket('wss://a.example'));
             const codes = await Promise.all(sockets.map(socket => new Promise(done => {{
                 socket.onopen = () => done('open');
                 socket.onerror = (e) => done(e.error.code);
             }})));
             sockets[0].close();
             await watch(sockets[0]).over;
             const again = new WebSocket('wss://a.example');
             await new Promise(done => {{ again.onopen = again.onerror = done }});
             return Response.json([codes.filter(code => code === 'open').length, codes.at(-1), again.readyState]);"
        ))
    };
    assert_eq!(open(16), r#"[16,"open",1]"#);
    assert_eq!(open(17), r#"[16,"TOO_MANY_SUBREQUESTS",1]"#);
    let limits = Limits { subrequests: 2, ..Limits::default() };
    let code = told(
        "const codes = [];
         for (let i = 0; i < 3; i++) codes.push(await new Promise(done => {
             const socket = new WebSocket('wss://a.example');
             socket.onopen = () => done('open');
             socket.onerror = (e) => done(e.error.code);
         }));
         return new Response(codes.join())",
    );
    let call = Call { limits, ..over(&Arc::default()) };
    assert_eq!(text(invoke(&image(&code), call).0), "open,open,TOO_MANY_SUBREQUESTS");
}

#[test]
fn without_a_network_and_at_deploy_there_is_no_socket() {
    let code = "export default async () => new Response(await new Promise(done => {
        new WebSocket('wss://a.example').onerror = (e) => done(e.error.code) }))";
    assert_eq!(text(invoke(&image(code), call()).0), "EGRESS_DENIED");
    let refused =
        build("const socket = new WebSocket('wss://a.example'); export default () => new Response()");
    let said = format!("{:?}", refused.unwrap_err());
    assert!(said.contains("A WebSocket is not available while the module's top level runs"), "{said}");
}

fn replay(image: &Image, recording: &Recording) -> mayfly_runtime::Replay {
    let recording = Recording::from_bytes(recording.as_bytes().to_vec()).unwrap();
    block_on(engine().replay(image, &recording)).unwrap()
}

#[test]
fn a_recorded_conversation_is_had_again() {
    let image = image(&told(
        "const socket = new WebSocket('wss://a.example', 'x'), { told, over, open } = watch(socket);
         await open;
         socket.send(`${Math.random()}`);
         socket.send(crypto.getRandomValues(new Uint8Array(100)));
         socket.close(3000);
         await over;
         console.log(JSON.stringify(told));
         return new Response('done');",
    ));
    let mut call = over(&Arc::default());
    call.limits.recording_bytes = 64 << 10;
    let then = invoke(&image, call).1;
    let again = replay(&image, then.recording.as_ref().unwrap());
    assert_eq!(again.divergence, None);
    assert_eq!(again.outcome.usage.fuel, then.usage.fuel);
    assert_eq!(again.outcome.logs[0].message, then.logs[0].message);
}
