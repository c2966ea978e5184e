//! The headers that a message has over HTTP, made of the message.

use serde_json::Value;

/// Where a request of the newest revision says which one it is.
const VERSION_IN_META: &str = "io.modelcontextprotocol/protocolVersion";

/// Names the session.
pub(super) const SESSION_ID: &str = "mcp-session-id";

/// What a handshake agreed on.
#[derive(Debug, Default)]
pub(super) struct Negotiated {
    version: Option<String>,
    session: Option<String>,
}

/// What an answer says of the handshake.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Agreed {
    /// The protocol's version.
    pub(super) version: Option<String>,
    /// The session that it begins.
    pub(super) session: Option<String>,
}

impl Negotiated {
    /// Take over what an answer had.
    pub(super) fn learn(&mut self, agreed: Agreed) {
        self.version = agreed.version.or_else(|| self.version.take());
        self.session = agreed.session.or_else(|| self.session.take());
    }

    /// A message's headers.
    pub(super) fn headers(&self, message: &Value) -> Vec<(&'static str, String)> {
        let mut headers = vec![("accept", "application/json, text/event-stream".to_owned())];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (method, params) = (&message["method"], &message["params"]);
        let own = text(&params["_meta"][VERSION_IN_META]);
        let agreed = self.version.clone().filter(|_| method != "initialize");
        if let Some(version) = own.or(agreed) {
            headers.push(("mcp-protocol-version", version));
        }
        if let Some(session) = self.session.clone().filter(|_| method != "initialize") {
            headers.push((SESSION_ID, session));
        }
        if let Some(method) = text(method) {
            headers.push(("mcp-method", method));
        }
        let named = match method.as_str() {
            Some("tools/call" | "prompts/get") => text(&params["name"]),
            Some("resources/read") => text(&params["uri"]),
            _ => None,
        };
        headers.extend(named.map(|name| ("mcp-name", name)));
        headers
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_says_what_it_is() {
        let mut negotiated = Negotiated::default();
        let names = |headers: Vec<(&'static str, String)>| {
            headers.into_iter().skip(1).map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
        };
        let call = json!({ "method": "tools/call", "params": { "name": "deploy_function" } });
        assert_eq!(names(negotiated.headers(&call)), ["mcp-method: tools/call", "mcp-name: deploy_function"]);
        negotiated.learn(Agreed { version: Some("2025-06-18".into()), session: Some("sealed".into()) });
        negotiated.learn(Agreed::default());
        assert_eq!(
            names(negotiated.headers(&call))[..2],
            ["mcp-protocol-version: 2025-06-18", "mcp-session-id: sealed"]
        );
        let again = json!({ "method": "initialize", "params": {} });
        assert_eq!(names(negotiated.headers(&again)), ["mcp-method: initialize"]);
        let newest = json!({ "method": "resources/read",
            "params": { "uri": "mayfly://docs/GUEST.md", "_meta": { VERSION_IN_META: "2026-07-28" } } });
        assert_eq!(
            names(negotiated.headers(&newest)),
            [
                "mcp-protocol-version: 2026-07-28",
                "mcp-session-id: sealed",
                "mcp-method: resources/read",
                "mcp-name: mayfly://docs/GUEST.md"
            ]
        );
    }
}
