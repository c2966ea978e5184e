//! A page of HTML from a template with 100 rows.
use std::fmt::Write as _;

use super::{Needs, Work};

const ROWS: usize = 100;

pub(super) fn work() -> Work {
    let source = r#"function escape(text) {
  return String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
}
function render(template, values) {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => escape(values[name]));
}
function handler() {
  const row = "<tr><td>{{id}}</td><td>{{name}}</td><td>{{price}}</td></tr>";
  const rows = [];
  for (let n = 0; n < 100; n++) rows.push(render(row, { id: n, name: "item <" + n + "> & more", price: n * 3 }));
  return "<table>" + rows.join("") + "</table>";
}"#;
    let mut page = String::from("<table>");
    for n in 0..ROWS {
        // Writing to a string cannot fail.
        let _ = write!(page, "<tr><td>{n}</td><td>item &lt;{n}&gt; &amp; more</td><td>{}</td></tr>", n * 3);
    }
    page.push_str("</table>");
    Work {
        name: "template",
        about: "a page of 100 rows from a template",
        source: source.to_owned(),
        body: Vec::new(),
        answer: page.into_bytes(),
        needs: Needs::Nothing,
    }
}
