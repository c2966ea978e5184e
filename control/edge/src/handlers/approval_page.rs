//! `/approvals/{approval}`: the page of a link, with the whole call and two buttons. Opening it decides nothing: mail programs
//! and chats open links, too.

use std::borrow::Cow;

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use mayfly_api::approvals::{ApprovalInfo, ApprovalState};
use mayfly_api::error::{ApiError, ApiResult, Code};

use crate::Edge;
use crate::reply::{self, Reply};
use crate::services::EdgeServices;
use crate::stage::Managed;

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 500;
/// Nothing but the page itself, its form, and no frame around it.
const CONTENT: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// The link is in the address: no other page is told of it, and nothing keeps it.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, CONTENT),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];
const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}\
    pre{background:#f4f4f4;padding:1rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}\
    button{font:inherit;padding:.4rem 1.2rem;margin-right:1rem}";

/// Show the call.
pub(crate) async fn show<S: EdgeServices>(edge: &Edge<S>, request: Managed) -> ApiResult<Reply> {
    let query = request.head.uri.query().unwrap_or_default();
    let token = member(query.as_bytes(), "token").ok_or_else(no_link)?;
    let id = request.found.names.first().map_or("", String::as_str);
    let found = edge.services.approval_by_link(id, &token).await?;
    Ok(page(&found, Some(&token)))
}

/// Take the form.
pub(crate) async fn decide<S: EdgeServices>(edge: &Edge<S>, request: Managed) -> ApiResult<Reply> {
    let body = &request.body;
    let token = member(body, "token").ok_or_else(no_link)?;
    let approve = match member(body, "decision").as_deref() {
        Some("approve") => true,
        Some("deny") => false,
        _ => return Err(ApiError::invalid("decision", "must be approve or deny")),
    };
    let reason = member(body, "reason").filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| reason.chars().take(REASON_CHARS_MAX).collect::<String>());
    let id = request.found.names.first().map_or("", String::as_str);
    let decided = edge.services.decide_by_link(id, &token, approve, reason.as_deref()).await?;
    Ok(page(&decided, None))
}

fn no_link() -> ApiError {
    ApiError::new(Code::AuthInvalidToken, "the link is not good, or not any more")
}

/// A member of a form or a query.
fn member(form: &[u8], name: &str) -> Option<String> {
    let found = url::form_urlencoded::parse(form).find(|(known, _)| known == name)?;
    Some(found.1.into_owned()).filter(|value| !value.contains('\0'))
}

fn page(approval: &ApprovalInfo, token: Option<&str>) -> Reply {
    let shown = |text: &str| escaped(text).into_owned();
    let app = approval.app_id.as_deref().map(|app| format!(" of {}", shown(app))).unwrap_or_default();
    let (tool, identity) = (shown(&approval.tool), shown(&approval.identity));
    let arguments = shown(&format!("{:#}", approval.arguments));
    let form = match token.filter(|_| approval.state == ApprovalState::Pending) {
        Some(token) => format!(
            "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"token\" value=\"{}\">\
             <p><label>Reason <input name=\"reason\" maxlength=\"{REASON_CHARS_MAX}\"></label></p>\
             <button name=\"decision\" value=\"approve\">Approve, once</button>\
             <button name=\"decision\" value=\"deny\">Deny</button></form>",
            shown(&approval.id),
            shown(token),
        ),
        None => String::new(),
    };
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Approval</title><style>{STYLE}</style></head>\
         <body><h1>{tool}</h1><p>{identity} wants to call <b>{tool}</b>{app} ({rule}). It is <b>{state}</b>, and expires \
         {expires}.</p><pre>{arguments}</pre>{form}</body></html>",
        rule = shown(&approval.rule),
        state = approval.state,
        expires = approval.expires_at,
    );
    let mut reply = reply::whole(text.into_bytes());
    *reply.status_mut() = StatusCode::OK;
    for (name, value) in HEADERS {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply
}

/// A text in a page, in which everything is seen: what is markup, and what is not shown.
fn escaped(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| {
        !matches!(letter, '<' | '>' | '&' | '"' | '\'') && (letter == '\n' || !is_hidden(letter))
    };
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            letter if is_plain(letter) => shown.push(letter),
            letter => shown.push_str(&format!("\\u{{{:04X}}}", u32::from(letter))),
        }
    }
    Cow::Owned(shown)
}

/// Controls, marks of direction, and letters without a width.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(u32::from(letter), 0xad | 0x61c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0000..=0xe01ef)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_text() {
        let shown = escaped("<script>\"a\" & 'b'\u{202e}\n");
        assert_eq!(shown, "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;\\u{202E}\n");
    }

    #[test]
    fn forms_are_read() {
        let form = b"token=a%2Bb&decision=approve&reason=";
        assert_eq!(member(form, "token").as_deref(), Some("a+b"));
        assert_eq!(member(form, "nothing"), None);
        assert_eq!(member(b"token=%00", "token"), None);
    }
}
