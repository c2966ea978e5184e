//! A plan for people.

use mayfly_schema::Node;
use serde_json::Value;

use crate::cli::out;

const RED: &str = "31";
const YELLOW: &str = "33";
const GREEN: &str = "32";

/// The steps with their SQL and what may go wrong, and below them what has to be agreed to.
pub(super) fn plan(answer: &Value, dry_run: bool) {
    if let Some(message) = answer["message"].as_str() {
        return out::say(message);
    }
    let steps = answer["statements"].as_array().map(Vec::as_slice).unwrap_or_default();
    for step in steps {
        let destructive = step["destructive"] == true;
        let (mark, colour) = if destructive { ("!", RED) } else { ("+", GREEN) };
        out::data(&painted(colour, &format!("{mark} {}", out::cell(step, "description"))));
        for line in out::cell(step, "sql").lines() {
            out::data(&format!("    {line}"));
        }
        for hazard in step["explanations"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            out::data(&painted(YELLOW, &format!("    ({hazard})")));
        }
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
    let count = steps.len();
    out::say(&match (dry_run, answer["migration_id"].as_i64()) {
        (true, _) => format!("{count} statements; nothing was changed"),
        (false, Some(id)) => format!("{count} statements applied, as migration {id}"),
        (false, None) => format!("{count} statements applied"),
    });
}

fn painted(colour: &str, text: &str) -> String {
    if out::no_color() { text.to_owned() } else { format!("\x1b[{colour}m{text}\x1b[0m") }
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
    fn what_is_pretty_reads_the_same() {
        let node = Node::read(r#"{"tables":{"t":{"columns":{"a":{"type":"int"}},"checks":{}}}}"#).unwrap();
        assert_eq!(Node::read(&pretty(&node)).unwrap(), node);
        assert!(pretty(&node).contains("\n  \"tables\": {\n"));
    }
}
