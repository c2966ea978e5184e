//! Prompts: the usual journeys, as a person would ask for them.

use rmcp::model::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::{Map, Value};

/// A journey.
struct Journey {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    arguments: &'static [(&'static str, &'static str)],
    /// With `{argument}` where an argument stands.
    text: &'static str,
}

const JOURNEYS: &[Journey] = &[
    Journey {
        name: "write_function",
        title: "Write and deploy a function",
        description: "Writes a function for a purpose, deploys it, tries it and reads its logs.",
        arguments: &[("app_id", "The app."), ("purpose", "What the function is for.")],
        text: "Write a function for the app {app_id}: {purpose}\n\n\
            1. Read the resource mayfly://docs/GUEST.md for what a function gets, and mayfly://apps/{app_id}/schema for the tables.\n\
            2. If tables are missing, preview them with manage_schema (dry_run), then apply them.\n\
            3. Deploy with deploy_function. Choose the trigger's auth with care: \"none\" lets anyone call it.\n\
            4. Try it with invoke_function, with good and with bad input.\n\
            5. Read its logs with manage_function (get_logs), and say what you saw.",
    },
    Journey {
        name: "fix_failure",
        title: "Find out why an invocation failed, and fix it",
        description: "Explains a failed invocation, changes the code, and proves the fix.",
        arguments: &[("app_id", "The app."), ("invocation_id", "The invocation that failed.")],
        text: "The invocation {invocation_id} of the app {app_id} failed.\n\n\
            1. Call explain_failure. Say in one sentence what went wrong, and where in the source.\n\
            2. If the deploy's diff is the cause and the version before worked, propose a rollback first.\n\
            3. Else read the code with manage_function (get), change as little as needed, and deploy it.\n\
            4. Call the function in the way that failed, and show that it works now.",
    },
    Journey {
        name: "design_schema",
        title: "Design tables",
        description: "Designs tables for a purpose, previews and applies them.",
        arguments: &[("app_id", "The app."), ("purpose", "What is to be stored.")],
        text: "Design the tables of the app {app_id} for this: {purpose}\n\n\
            1. Read what is there with manage_schema (get). Keep it unless it is in the way.\n\
            2. Write the whole declaration: types, references, indexes, and rls where rows belong to users.\n\
            3. Show the plan with manage_schema (dry_run) and explain each hazard.\n\
            4. Apply it only once I agree. Never add _drop or _dropColumns without asking.",
    },
    Journey {
        name: "review_app",
        title: "Review an app",
        description: "Looks over an app's functions, triggers, policies and failures.",
        arguments: &[("app_id", "The app.")],
        text: "Review the app {app_id}. Change nothing.\n\n\
            1. List its functions and triggers; note error rates above 0.1 and triggers with auth \"none\".\n\
            2. For each function with errors, read its newest failure with explain_failure.\n\
            3. Compare the tables with row-level security to what the functions read for users.\n\
            4. Report by severity, with the evidence.",
    },
];

/// All prompts as the protocol lists them.
pub(crate) fn listed() -> Vec<Prompt> {
    let argument = |(name, description): &(&str, &str)| {
        PromptArgument::new(*name).with_description(*description).with_required(true)
    };
    let prompt = |journey: &Journey| {
        let arguments = journey.arguments.iter().map(argument).collect();
        Prompt::new(journey.name, Some(journey.description), Some(arguments)).with_title(journey.title)
    };
    JOURNEYS.iter().map(prompt).collect()
}

/// A prompt with its arguments filled in.
///
/// # Errors
/// In words: there is no such prompt, or an argument is missing.
pub(crate) fn filled(name: &str, arguments: &Map<String, Value>) -> Result<GetPromptResult, String> {
    let journey = JOURNEYS.iter().find(|journey| journey.name == name);
    let journey = journey.ok_or_else(|| format!("there is no prompt `{name}`"))?;
    let mut text = journey.text.to_owned();
    if let Some(unknown) =
        arguments.keys().find(|name| !journey.arguments.iter().any(|(known, _)| known == name))
    {
        return Err(format!("{unknown}: is not an argument of {name}"));
    }
    for (argument, _) in journey.arguments {
        let value = arguments.get(*argument).and_then(Value::as_str);
        let value = value.ok_or_else(|| format!("{argument}: is required, a string"))?;
        text = text.replace(&format!("{{{argument}}}"), value);
    }
    let mut result = GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]);
    result.description = Some(journey.description.to_owned());
    Ok(result)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_filled_in() {
        let of = |value: Value| value.as_object().cloned().unwrap_or_default();
        for prompt in listed() {
            let names: Vec<String> =
                prompt.arguments.unwrap().into_iter().map(|argument| argument.name).collect();
            let arguments = names.iter().map(|name| (name.clone(), json!("app_x"))).collect();
            let text = serde_json::to_string(&filled(&prompt.name, &arguments).unwrap()).unwrap();
            assert!(!text.contains('{') || !text.contains("{app_id}"), "{text}");
            assert!(filled(&prompt.name, &Map::new()).is_err());
        }
        assert!(filled("nope", &Map::new()).is_err());
        let more = json!({ "app_id": "a", "more": "b" });
        assert!(filled("review_app", &of(more)).unwrap_err().starts_with("more:"));
    }
}
