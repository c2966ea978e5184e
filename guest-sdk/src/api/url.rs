//! URLs and form encoding, by the `url` crate.

use javy_plugin_api::javy::quickjs::{Array, Ctx, Function, Object, Result, String as JsString};
use url::{Url, form_urlencoded, quirks};

use crate::text;

fn parts<'js>(ctx: Ctx<'js>, url: &Url) -> Result<Array<'js>> {
    let parts = Array::new(ctx)?;
    parts.set(0, quirks::href(url))?;
    parts.set(1, quirks::origin(url))?;
    parts.set(2, quirks::protocol(url))?;
    parts.set(3, quirks::username(url))?;
    parts.set(4, quirks::password(url))?;
    parts.set(5, quirks::host(url))?;
    parts.set(6, quirks::hostname(url))?;
    parts.set(7, quirks::port(url))?;
    parts.set(8, quirks::pathname(url))?;
    parts.set(9, quirks::search(url))?;
    parts.set(10, quirks::hash(url))?;
    Ok(parts)
}

fn parse<'js>(
    ctx: Ctx<'js>,
    input: JsString<'js>,
    base: Option<JsString<'js>>,
) -> Result<Option<Array<'js>>> {
    let base = match base {
        None => None,
        Some(base) => match Url::parse(&text::text(&base)?) {
            Ok(base) => Some(base),
            Err(_) => return Ok(None),
        },
    };
    match Url::options().base_url(base.as_ref()).parse(&text::text(&input)?) {
        Ok(url) => parts(ctx, &url).map(Some),
        Err(_) => Ok(None),
    }
}

/// The URL with one of its parts set anew, by the index that `parts` gives it; nothing when that is refused.
fn set<'js>(
    ctx: Ctx<'js>,
    href: JsString<'js>,
    part: u32,
    value: JsString<'js>,
) -> Result<Option<Array<'js>>> {
    let value = text::text(&value)?;
    let Ok(mut url) = Url::parse(&text::text(&href)?) else {
        return Ok(None);
    };
    let done = match part {
        2 => quirks::set_protocol(&mut url, &value).is_ok(),
        3 => quirks::set_username(&mut url, &value).is_ok(),
        4 => quirks::set_password(&mut url, &value).is_ok(),
        5 => quirks::set_host(&mut url, &value).is_ok(),
        6 => quirks::set_hostname(&mut url, &value).is_ok(),
        7 => quirks::set_port(&mut url, &value).is_ok(),
        8 => {
            quirks::set_pathname(&mut url, &value);
            true
        }
        9 => {
            quirks::set_search(&mut url, &value);
            true
        }
        10 => {
            quirks::set_hash(&mut url, &value);
            true
        }
        _ => false,
    };
    if done { parts(ctx, &url).map(Some) } else { Ok(None) }
}

fn form_decode<'js>(ctx: Ctx<'js>, query: JsString<'js>) -> Result<Array<'js>> {
    let query = text::text(&query)?;
    let list = Array::new(ctx.clone())?;
    for (index, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
        let pair = Array::new(ctx.clone())?;
        pair.set(0, name.as_ref())?;
        pair.set(1, value.as_ref())?;
        list.set(index, pair)?;
    }
    Ok(list)
}

fn form_encode(value: JsString<'_>) -> Result<String> {
    Ok(form_urlencoded::byte_serialize(text::text(&value)?.as_bytes()).collect())
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("urlParse", Function::new(ctx.clone(), parse)?)?;
    host.set("urlSet", Function::new(ctx.clone(), set)?)?;
    host.set("formDecode", Function::new(ctx.clone(), form_decode)?)?;
    host.set("formEncode", Function::new(ctx.clone(), form_encode)?)
}
