//! The response, written into one frame.

use javy_plugin_api::javy::quickjs::{Array, Ctx, Function, Object, Result, String as JsString, Value};
use mayfly_abi::frame::Writer;
use mayfly_abi::op::Call;
use mayfly_abi::response;

use super::{database, headers};
use crate::{import, text};

/// A body of the prelude's: nothing, a string, or bytes.
pub(super) fn body_bytes(body: &Value<'_>) -> Result<Option<Vec<u8>>> {
    if let Some(string) = body.as_string() {
        return Ok(Some(text::text(string)?.into_bytes()));
    }
    Ok(database::bytes_of(body))
}

fn respond(
    status: u16,
    content_type: Option<JsString<'_>>,
    header_list: Option<Array<'_>>,
    body: Value<'_>,
) -> Result<()> {
    let pairs = match (&header_list, &content_type) {
        (Some(list), _) => headers::pairs(list)?,
        (None, Some(content_type)) => vec![("content-type".to_owned(), text::text(content_type)?)],
        (None, None) => Vec::new(),
    };
    let body = body_bytes(&body)?;
    let mut writer = Writer::with_capacity(128 + body.as_ref().map_or(0, Vec::len));
    let headers = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    response::begin(&mut writer, status, headers, body.is_some());
    if let Some(body) = &body {
        writer.rest(body);
    }
    import::send(Call::Respond, &writer.finish());
    Ok(())
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("respond", Function::new(ctx.clone(), respond)?)
}
