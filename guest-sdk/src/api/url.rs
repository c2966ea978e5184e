//! URLs and form encoding, by the `url` crate.

mod canonical;
mod part;
mod split;

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, String as JsString, Value};
use url::{Url, form_urlencoded, quirks};

use super::headers;
use crate::text;
use canonical::is_canonical;
use split::split;

/// Schemes whose URLs' origins stand in them.
const HAVE_ORIGINS: [&str; 4] = ["https:", "http:", "wss:", "ws:"];

fn parsed(input: &JsString<'_>, base: Option<&JsString<'_>>) -> Result<Option<Url>> {
    let base = match base {
        None => None,
        Some(base) => match text::with(base, Url::parse)? {
            Ok(base) => Some(base),
            Err(_) => return Ok(None),
        },
    };
    text::with(input, |input| Url::options().base_url(base.as_ref()).parse(input).ok())
}

/// The URL as the parser writes it.
fn parse<'js>(
    ctx: Ctx<'js>,
    input: JsString<'js>,
    base: Option<JsString<'js>>,
) -> Result<Option<JsString<'js>>> {
    if base.is_none() && text::with(&input, is_canonical)? {
        return Ok(Some(input));
    }
    match parsed(&input, base.as_ref())? {
        Some(url) => JsString::from_str(ctx, url.as_str()).map(Some),
        None => Ok(None),
    }
}

fn can_parse(input: JsString<'_>, base: Option<JsString<'_>>) -> Result<bool> {
    if base.is_none() && text::with(&input, is_canonical)? {
        return Ok(true);
    }
    Ok(parsed(&input, base.as_ref())?.is_some())
}

/// A part of a URL that `parse` has written.
fn part_of<'js>(ctx: Ctx<'js>, href: JsString<'js>, part: u32) -> Result<JsString<'js>> {
    text::with(&href, |href| JsString::from_str(ctx, href.get(split(href, part)).unwrap_or_default()))?
}

fn origin(href: JsString<'_>) -> Result<Option<String>> {
    text::with(&href, |href| {
        if HAVE_ORIGINS.iter().any(|scheme| href.starts_with(scheme)) {
            let part = |part| href.get(split(href, part)).unwrap_or_default();
            return Some(format!("{}//{}", part(part::PROTOCOL), part(part::HOST)));
        }
        Url::parse(href).ok().map(|url| quirks::origin(&url))
    })
}

/// The URL with one of its parts replaced; nothing when that is refused.
fn set(href: JsString<'_>, part: u32, value: JsString<'_>) -> Result<Option<String>> {
    let value = text::text(&value)?;
    let Some(mut url) = parsed(&href, None)? else {
        return Ok(None);
    };
    let done = match part {
        part::PROTOCOL => quirks::set_protocol(&mut url, &value).is_ok(),
        part::USERNAME => quirks::set_username(&mut url, &value).is_ok(),
        part::PASSWORD => quirks::set_password(&mut url, &value).is_ok(),
        part::HOST => quirks::set_host(&mut url, &value).is_ok(),
        part::HOSTNAME => quirks::set_hostname(&mut url, &value).is_ok(),
        part::PORT => quirks::set_port(&mut url, &value).is_ok(),
        part::PATHNAME => {
            quirks::set_pathname(&mut url, &value);
            true
        }
        part::SEARCH => {
            quirks::set_search(&mut url, &value);
            true
        }
        part::HASH => {
            quirks::set_hash(&mut url, &value);
            true
        }
        _ => false,
    };
    Ok(done.then(|| url.into()))
}

fn form_decode<'js>(ctx: Ctx<'js>, query: JsString<'js>) -> Result<Value<'js>> {
    text::with(&query, |query| headers::list(&ctx, form_urlencoded::parse(query.as_bytes())))?
}

/// The pairs of the query of a URL that `parse` has written.
fn query<'js>(ctx: Ctx<'js>, href: JsString<'js>) -> Result<Value<'js>> {
    text::with(&href, |href| {
        let search = href.get(split(href, part::SEARCH)).unwrap_or_default();
        let query = search.strip_prefix('?').unwrap_or(search);
        headers::list(&ctx, form_urlencoded::parse(query.as_bytes()))
    })?
}

fn form_encode(value: JsString<'_>) -> Result<String> {
    text::with(&value, |value| form_urlencoded::byte_serialize(value.as_bytes()).collect())
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("urlParse", Function::new(ctx.clone(), parse)?)?;
    host.set("urlCanParse", Function::new(ctx.clone(), can_parse)?)?;
    host.set("urlPart", Function::new(ctx.clone(), part_of)?)?;
    host.set("urlOrigin", Function::new(ctx.clone(), origin)?)?;
    host.set("urlQuery", Function::new(ctx.clone(), query)?)?;
    host.set("urlSet", Function::new(ctx.clone(), set)?)?;
    host.set("formDecode", Function::new(ctx.clone(), form_decode)?)?;
    host.set("formEncode", Function::new(ctx.clone(), form_encode)?)
}
