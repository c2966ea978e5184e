//! One layer a file; their order is in `stack.rs`.

pub(super) mod access_log;
pub(super) mod admit;
pub(super) mod app_host;
pub(super) mod auth;
pub(super) mod body_limit;
pub(super) mod catch_panic;
pub(super) mod cors;
pub(super) mod cors_lookup;
pub(super) mod deadline;
pub(super) mod load_shed;
pub(super) mod request_id;
pub(super) mod rescue;
pub(super) mod resolve;
pub(super) mod route;

#[cfg(test)]
pub(super) mod testing {
    //! What the layers' own tests send through them.

    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Instant;

    use mayfly_telemetry::request::RequestContext;

    use crate::stage::Arrived;

    /// A GET of `path` without a body.
    pub(crate) fn arrived(path: &str) -> Arrived<()> {
        let (head, ()) = http::Request::builder().uri(path).body(()).unwrap().into_parts();
        let context = RequestContext {
            id: "req_test".into(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            received_at: Instant::now(),
            trace: None,
        };
        Arrived { context, head, body: () }
    }
}
