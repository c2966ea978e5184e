//! A plan for people.

use mayfly_schema::Node;
use serde_json::Value;

use crate::out;

const RED: &str = "31";
const YELLOW: &str = "33";
const GREEN: &str = "32";

/// The steps with their SQL and what may go wrong, and below them what has to be agreed to.
pub(super) fn plan(answer: &Value, dry_run: bool) {
    if let Some(message) = answer["message"].as_str() {
        return out::say(message);
    }
    let steps = answer["statements"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_coloured = !out::no_color_in_data();
    for line in steps.iter().flat_map(|step| lines(step, is_coloured)) {
        out::data(&line);
    }
    for it in answer["unmanaged"].as_array().into_iter().flatten() {
        out::say(&format!("left alone: {} {}", out::cell(it, "kind"), out::cell(it, "name")));
    }
    for consent in answer["required"].as_array().into_iter().flatten() {
        out::complain(&out::cell(consent, "message"));
    }
    for loss in answer["losses"].as_array().into_iter().flatten() {
        out::complain(&format!("it would lose {}", out::cell(loss, "message")));
    }
    let count = format!("{} statement{}", steps.len(), if steps.len() == 1 { "" } else { "s" });
    out::say(&match (dry_run, answer["migration_id"].as_i64()) {
        (true, _) => format!("{count}; nothing was changed"),
        (false, Some(id)) => format!("{count} applied, as migration {id}"),
        (false, None) => format!("{count} applied"),
    });
}

/// One step: what it does, its SQL, what may go wrong.
fn lines(step: &Value, is_coloured: bool) -> Vec<String> {
    let painted = |colour: &str, text: String| {
        if is_coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text }
    };
    let description = out::cell(step, "description");
    let (mark, colour) = match description.split(' ').next() {
        _ if step["destructive"] == true => ("!", RED),
        Some("add" | "create" | "insert" | "let") => ("+", GREEN),
        Some("drop") => ("-", YELLOW),
        _ => ("~", YELLOW),
    };
    let mut lines = vec![painted(colour, format!("{mark} {description}"))];
    lines.extend(out::cell(step, "sql").lines().map(|line| format!("    {line}")));
    let hazards = step["explanations"].as_array().into_iter().flatten().filter_map(Value::as_str);
    lines.extend(hazards.map(|hazard| painted(YELLOW, format!("    ({hazard})"))));
    lines
}

/// JSON with two spaces a level; what fits on a line stays on one.
pub(super) fn pretty(node: &Node) -> String {
    let mut text = String::new();
    write(node, 0, &mut text);
    text
}

fn write(node: &Node, level: usize, text: &mut String) {
    let flat = node.to_string();
    let Node::Object(members) = node else { return text.push_str(&flat) };
    if flat.len() + 2 * level <= 100 && level > 1 || members.is_empty() {
        return text.push_str(&flat);
    }
    text.push_str("{\n");
    for (place, (name, value)) in members.iter().enumerate() {
        text.push_str(&"  ".repeat(level + 1));
        text.push_str(&format!("{}: ", Node::from(name.as_str())));
        write(value, level + 1, text);
        text.push_str(if place + 1 < members.len() { ",\n" } else { "\n" });
    }
    text.push_str(&"  ".repeat(level));
    text.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_a_mark_and_a_colour_where_somebody_sees_it() {
        let step = |description: &str, destructive: bool| serde_json::json!({ "description": description, "destructive": destructive, "sql": "A\nB", "explanations": ["scans the table"] });
        for (description, destructive, mark) in [
            ("create table \"t\"", false, "+"),
            ("add column \"c\"", false, "+"),
            ("change \"c\"", false, "~"),
            ("drop index \"i\"", false, "-"),
            ("drop table \"t\"", true, "!"),
        ] {
            let step = step(description, destructive);
            let first = format!("{mark} {description}");
            assert_eq!(lines(&step, false), [&first, "    A", "    B", "    (scans the table)"]);
            let coloured = lines(&step, true);
            assert!(coloured[0].starts_with("\x1b[3") && coloured[0].ends_with(&format!("{first}\x1b[0m")));
            assert_eq!(coloured[1], "    A", "what may be copied has no colour");
        }
    }

    #[test]
    fn what_is_pretty_reads_the_same() {
        let node = Node::read(r#"{"tables":{"t":{"columns":{"a":{"type":"int"}},"checks":{}}}}"#).unwrap();
        assert_eq!(Node::read(&pretty(&node)).unwrap(), node);
        assert!(pretty(&node).contains("\n  \"tables\": {\n"));
    }
}
