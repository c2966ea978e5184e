//! Ways within this program: a bare hyper server on one thread, in a process of its own (`mayfly-bench serve WAY`).

use std::rc::Rc;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http_body_util::{BodyExt as _, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use crate::failure::{BenchError, Tried, Trying as _};
use crate::ways::{Start, find};
use crate::work::Work;

/// The answer to one request.
pub type AnswersFuture<'a> = LocalBoxFuture<'a, Result<Bytes, String>>;

/// What a way within this program answers with.
pub trait Answers {
    /// Answers a request for the work of this place in the list that it was made for.
    fn answer(&self, work: usize, body: Bytes) -> AnswersFuture<'_>;
}

/// Serves a way on a port of loopback until this process is ended.
pub fn serve(name: &str, works: &[Work], port: u16, core: Option<usize>) -> Tried<()> {
    let Some(Start::InProcess(make)) = find(name).map(|way| way.start) else {
        return Err(BenchError::new(format!("serve {name}"), "it is no way within this program"));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.trying(|| "start an executor".to_owned())?;
    runtime.block_on(LocalSet::new().run_until(async {
        // Modules are compiled on all processors, before requests are served on one.
        let answers = Rc::<dyn Answers>::from(make(works)?);
        if let Some(core) = core {
            crate::machine::bind_to(&[core]);
        }
        listen(answers, works, port).await
    }))
}

async fn listen(answers: Rc<dyn Answers>, works: &[Work], port: u16) -> Tried<()> {
    let names: Rc<[&'static str]> = works.iter().map(|work| work.name).collect();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.trying(|| "listen on loopback".to_owned())?;
    loop {
        let (stream, _) = listener.accept().await.trying(|| "accept".to_owned())?;
        // A socket without the option is slower, and still right.
        let _ = stream.set_nodelay(true);
        let (answers, names) = (Rc::clone(&answers), Rc::clone(&names));
        let service = service_fn(move |request| respond(Rc::clone(&answers), Rc::clone(&names), request));
        tokio::task::spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn respond(
    answers: Rc<dyn Answers>,
    names: Rc<[&'static str]>,
    request: http::Request<hyper::body::Incoming>,
) -> Result<http::Response<Full<Bytes>>, hyper::Error> {
    let work = names.iter().position(|name| request.uri().path().strip_prefix('/') == Some(name));
    let body = request.into_body().collect().await?.to_bytes();
    let answer = match work {
        Some(work) => answers.answer(work, body).await,
        None => Err("no such work".to_owned()),
    };
    let (status, body) = match answer {
        Ok(body) => (200, body),
        Err(reason) => (500, Bytes::from(reason)),
    };
    let mut response = http::Response::new(Full::new(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(response)
}
