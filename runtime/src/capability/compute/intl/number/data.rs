//! What CLDR has for a currency or a unit.

use serde_json::Value;

use super::super::cldr;
use super::NumberSettings;

/// How the currency is shown.
pub(super) fn currency(settings: &NumberSettings, data: &str) -> String {
    let Some(code) = &settings.currency else { return String::new() };
    let index = match settings.currency_display.as_deref() {
        Some("symbol") => 0,
        Some("narrowSymbol") => 1,
        _ => return code.clone(),
    };
    let symbols = cldr::section(data, "symbols");
    let symbol = cldr::text(&symbols, &format!("/{code}/{index}"));
    if symbol.is_empty() { code.clone() } else { symbol.to_owned() }
}

/// The patterns of a unit, with what it is divided by, or the names of a currency.
pub(super) fn words(settings: &NumberSettings, data: &str) -> Value {
    if settings.currency_display.as_deref() == Some("name") {
        let names = cldr::section(data, "money");
        return settings.currency.as_ref().and_then(|code| names.get(code)).cloned().unwrap_or_default();
    }
    let (Some(unit), Some(width)) = (&settings.unit, &settings.unit_display) else { return Value::Null };
    let units = cldr::section(data, "units");
    let of = |unit: &str| units.pointer(&format!("/{width}/{unit}")).cloned();
    let Some((unit, per)) = unit.split_once("-per-").filter(|_| of(unit).is_none()) else {
        return of(unit)
            .map(|mut patterns| {
                patterns.as_object_mut().map(|patterns| patterns.remove("per"));
                patterns
            })
            .unwrap_or_default();
    };
    let (mut patterns, divisor) = (of(unit).unwrap_or_default(), of(per).unwrap_or_default());
    let own = cldr::text(&divisor, "/per");
    let alone =
        divisor.get("one").or_else(|| divisor.get("other")).and_then(Value::as_str).unwrap_or_default();
    let template = if own.is_empty() {
        cldr::text(&units, &format!("/{width}/per")).replace("{1}", alone.replace("{0}", "").trim())
    } else {
        own.to_owned()
    };
    patterns["per"] = template.into();
    patterns
}
