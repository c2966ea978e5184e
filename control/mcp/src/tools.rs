//! The tools: one file a tool. Each action of a tool is a row of the route table.

mod deploy_function;
mod explain_failure;
mod invoke_function;
mod manage_app;
mod manage_function;
mod manage_queues;
mod manage_realtime;
mod manage_schema;
mod manage_storage;
mod manage_triggers;
mod run_code;

use std::sync::{Arc, LazyLock};

use mayfly_api::error::{ApiError, ApiResult};
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::action::ToolAction;
use crate::arguments::{self, Arguments};
use crate::host::{RouteRequest, ToolHost};
use crate::outcome::ToolOutcome;
use crate::schemas;

/// What is known of a tool.
#[derive(Debug)]
pub(crate) struct ToolDefinition {
    /// Its name.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) hints: Hints,
    /// One without a name, or several by the parameter `action`.
    pub(crate) actions: &'static [ToolAction],
    /// What a parameter is, where the route's words do not say it to an agent.
    pub(crate) words: &'static [(&'static str, &'static str)],
    /// Makes the route's members of the parameters, where they differ.
    pub(crate) prepare: fn(&mut Map<String, Value>) -> ApiResult<()>,
}

/// What clients may think of a tool: true of each of its actions.
#[derive(Debug)]
pub(crate) struct Hints {
    pub(crate) read_only: bool,
    pub(crate) destructive: bool,
    pub(crate) idempotent: bool,
    pub(crate) open_world: bool,
}

/// The parameter that stands for the app.
pub(crate) const APP_ID: &str = "app_id";

/// For tools whose parameters are the routes' members.
pub(crate) fn as_they_are(_: &mut Map<String, Value>) -> ApiResult<()> {
    Ok(())
}

/// All tools.
pub(crate) fn definitions() -> &'static [ToolDefinition] {
    static TOOLS: [ToolDefinition; 11] = [
        deploy_function::TOOL,
        invoke_function::TOOL,
        manage_function::TOOL,
        manage_schema::TOOL,
        manage_app::TOOL,
        manage_triggers::TOOL,
        manage_queues::TOOL,
        manage_realtime::TOOL,
        manage_storage::TOOL,
        run_code::TOOL,
        explain_failure::TOOL,
    ];
    &TOOLS
}

/// All tools as the protocol lists them.
pub(crate) fn listed() -> &'static [Tool] {
    static LISTED: LazyLock<Vec<Tool>> =
        LazyLock::new(|| definitions().iter().map(ToolDefinition::listed).collect());
    &LISTED
}

/// `run_code` about one app, whose tools are declared so.
pub(crate) fn run_code_of_app(types: &str) -> Tool {
    let mut tool = run_code::TOOL.listed();
    let mut input = (*tool.input_schema).clone();
    if let Some(properties) = input.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove(APP_ID);
    }
    if let Some(required) = input.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != APP_ID);
    }
    tool.input_schema = Arc::new(input);
    let description = run_code::TOOL.description.replace("app_id: \"app_abc123def456\", ", "");
    tool.description = Some(format!("{description}\n\n{types}").into());
    tool
}

/// The names of all tools.
pub fn names() -> Vec<&'static str> {
    definitions().iter().map(|tool| tool.name).collect()
}

/// Call a tool. `schema` is the parameter of that name as it was sent, whose members keep their order.
pub(crate) async fn call<H: ToolHost>(
    host: &H,
    name: &str,
    arguments: Map<String, Value>,
    schema: Option<Box<RawValue>>,
) -> ToolOutcome {
    let planned = find(name).and_then(|tool| {
        let arguments = Arguments { members: arguments.clone(), schema };
        Ok((tool.name, request(tool, arguments)?))
    });
    let called = async {
        let (tool, request) = match planned {
            Ok(planned) => planned,
            Err(error) => {
                host.refuse(name, &arguments, &error).await?;
                return Err(error);
            }
        };
        let ticket = host.admit(tool, &arguments, &request).await?;
        let outcome =
            match host.ask(request).await.and_then(|answer| ToolOutcome::of(answer.status, &answer.body)) {
                Ok(outcome) => outcome,
                Err(error) => ToolOutcome::Failed(host.problem(&error)),
            };
        host.settle(ticket, &outcome).await;
        Ok(outcome)
    };
    called.await.unwrap_or_else(|error| ToolOutcome::Failed(host.problem(&error)))
}

fn find(name: &str) -> ApiResult<&'static ToolDefinition> {
    let tool = definitions().iter().find(|tool| tool.name == name);
    tool.ok_or_else(|| ApiError::not_found(format!("the tool `{name}`")))
}

/// The request to a route that a call is.
fn request(tool: &ToolDefinition, mut arguments: Arguments) -> ApiResult<RouteRequest> {
    let action = tool.action(&mut arguments)?;
    (tool.prepare)(&mut arguments.members)?;
    arguments::request(action, arguments)
}

impl ToolDefinition {
    /// The action that is asked for.
    fn action(&self, arguments: &mut Arguments) -> ApiResult<&'static ToolAction> {
        if let [only] = self.actions
            && only.name.is_empty()
        {
            return Ok(only);
        }
        let names = || self.actions.iter().map(|action| action.name).collect::<Vec<_>>().join(", ");
        let wanted = arguments.members.remove("action");
        let Some(wanted) = wanted else {
            return Err(ApiError::invalid("action", format!("is required: one of {}", names())));
        };
        let found = self.actions.iter().find(|action| wanted == action.name);
        found.ok_or_else(|| ApiError::invalid("action", format!("must be one of {}", names())))
    }

    /// As the protocol lists it.
    fn listed(&self) -> Tool {
        let Hints { read_only, destructive, idempotent, open_world } = self.hints;
        let annotations = ToolAnnotations::with_title(self.title)
            .read_only(read_only)
            .destructive(destructive)
            .idempotent(idempotent)
            .open_world(open_world);
        let answers = self.actions.iter().map(|action| schemas::answer(action.route.route())).collect();
        Tool::new(self.name, self.description, Arc::new(self.input()))
            .with_title(self.title)
            .with_raw_output_schema(Arc::new(schemas::output(answers)))
            .with_annotations(annotations)
    }

    fn input(&self) -> Map<String, Value> {
        let mut properties = Map::new();
        let mut counts: Vec<(String, usize)> = Vec::new();
        let mut count = |name: &str| match counts.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name.to_owned(), 1)),
        };
        for action in self.actions {
            for (name, schema) in arguments::path_parameters(action.route.route().path) {
                count(name);
                properties.entry(name).or_insert(schema);
            }
            for member in action.members().iter() {
                if member.is_required {
                    count(&member.name);
                }
                properties.entry(&member.name).or_insert_with(|| member.schema.clone());
            }
        }
        // What each action needs can be required of a call at once.
        let mut required: Vec<Value> = counts
            .into_iter()
            .filter(|(_, count)| *count == self.actions.len())
            .map(|(name, _)| name.into())
            .collect();
        if self.actions.iter().any(|action| !action.name.is_empty()) {
            let names: Vec<&str> = self.actions.iter().map(|action| action.name).collect();
            let schema = json!({ "type": "string", "enum": names, "description": "What to do." });
            properties.insert("action".to_owned(), schema);
            required.push("action".into());
        }
        for (name, words) in self.words {
            if let Some(schema) = properties.get_mut(*name) {
                schema["description"] = (*words).into();
            }
        }
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        schema.insert("properties".to_owned(), properties.into());
        schema.insert("required".to_owned(), required.into());
        schema.insert("additionalProperties".to_owned(), false.into());
        schema
    }
}

#[cfg(test)]
mod tests;
