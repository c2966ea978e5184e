//! The http trigger of a function as calls are matched against it: read out of its stored config.

use http::Method;
use serde_json::Value;

use mayfly_api::triggers::{HttpAuth, HttpUrl, Trigger, TriggerKind};

/// The longest path that a trigger can have of its own, in bytes.
pub(crate) const PATH_BYTES_MAX: usize = 255;

/// How a function is reached by http.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpTrigger {
    /// Who may call.
    pub auth: HttpAuth,
    /// The one method it takes; `None`: any.
    pub method: Option<Method>,
    /// What it sees as its URL.
    pub(crate) url: HttpUrl,
    /// Its own path.
    pub(crate) path: Option<Box<str>>,
}

impl HttpTrigger {
    /// The enabled http trigger among these. What is not readable in its config is read as the strictest there is.
    pub(crate) fn of(triggers: &[Trigger]) -> Option<Self> {
        let trigger = triggers.iter().find(|trigger| trigger.kind == TriggerKind::Http && trigger.enabled)?;
        let text = |name: &str| trigger.config.get(name).and_then(Value::as_str);
        Some(Self {
            auth: text("auth").and_then(HttpAuth::parse).unwrap_or(HttpAuth::Required),
            method: text("method").and_then(|method| Method::from_bytes(method.as_bytes()).ok()),
            url: text("url").and_then(HttpUrl::parse).unwrap_or(HttpUrl::Whole),
            path: text("path").map(Into::into),
        })
    }

    /// The methods to answer with, when this one is not among them. `HEAD` is a `GET` without its body.
    pub(crate) fn refuses(&self, method: &Method) -> Option<String> {
        let wanted = self.method.as_ref()?;
        let fits = wanted == method || (wanted == Method::GET && method == Method::HEAD);
        if fits {
            None
        } else if wanted == Method::GET {
            Some("GET, HEAD".to_owned())
        } else {
            Some(wanted.as_str().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(config: Value, enabled: bool) -> Option<HttpTrigger> {
        HttpTrigger::of(&[Trigger { kind: TriggerKind::Http, config, enabled }])
    }

    #[test]
    fn an_unreadable_config_is_the_strictest() {
        assert_eq!(of(json!({}), true).unwrap().auth, HttpAuth::Required);
        assert_eq!(of(json!({"auth": 1}), true).unwrap().auth, HttpAuth::Required);
        assert_eq!(of(json!({"auth": "none"}), true).unwrap().auth, HttpAuth::None);
        assert_eq!(of(json!({"auth": "none"}), false), None, "a disabled trigger is none");
        assert_eq!(
            HttpTrigger::of(&[Trigger { kind: TriggerKind::Cron, config: json!({}), enabled: true }]),
            None
        );
    }

    #[test]
    fn a_method_that_is_named_is_the_only_one() {
        let any = of(json!({}), true).unwrap();
        assert_eq!(any.refuses(&Method::DELETE), None);
        let get = of(json!({"method": "GET"}), true).unwrap();
        assert_eq!(get.refuses(&Method::HEAD), None);
        assert_eq!(get.refuses(&Method::POST).as_deref(), Some("GET, HEAD"));
        let post = of(json!({"method": "POST"}), true).unwrap();
        assert_eq!(post.refuses(&Method::GET).as_deref(), Some("POST"));
    }
}
