//! What a tool takes and answers, compiled with its first call.

use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::functions::SettingsChange;
use mayfly_api::tool_schema::ToolSchema;
use mayfly_policy::CompiledSchema;
use mayfly_store::FunctionSettings;
use serde_json::{Map, Value, json};

/// Names of tools of the platform's own that an app's agents see beside its functions.
const RESERVED: [&str; 1] = ["run_code"];

/// The schemas of one tool.
#[derive(Debug, Default)]
pub(crate) struct ToolSchemas {
    input: Option<CompiledSchema>,
    output: Option<CompiledSchema>,
}

impl ToolSchemas {
    pub(super) fn compile(settings: &FunctionSettings) -> ApiResult<Self> {
        let compile = |place: &str, schema: &Option<ToolSchema>| {
            schema.as_ref().map(|schema| CompiledSchema::compile(place, schema.members())).transpose()
        };
        Ok(Self {
            input: compile("agent_tool_input", &settings.agent_tool_input)?,
            output: compile("agent_tool_output", &settings.agent_tool_output)?,
        })
    }

    pub(crate) fn check_input(&self, arguments: &Map<String, Value>) -> ApiResult<()> {
        let Some(input) = &self.input else { return Ok(()) };
        input.check(&Value::Object(arguments.clone())).map_err(|(place, message)| {
            ApiError::invalid(&format!("arguments{}", place.replace('/', ".")), message)
        })
    }

    pub(crate) fn check_output(&self, result: &Value) -> ApiResult<()> {
        let Some(output) = &self.output else { return Ok(()) };
        output.check(result).map_err(|(place, message)| {
            let place = format!("result{}", place.replace('/', "."));
            ApiError::new(Code::ToolOutputInvalid, format!("{place}: {message}"))
                .with_details(json!({ "path": place }))
        })
    }
}

/// Refuse settings by which a function cannot be a tool.
///
/// # Errors
/// `VALIDATION_INVALID_SCHEMA` with the setting.
pub fn check_tool(name: &str, wanted: &SettingsChange) -> ApiResult<()> {
    if wanted.agent_tool == Some(true) && RESERVED.contains(&name) {
        return Err(ApiError::invalid("agent_tool", format!("`{name}` is a tool of the platform's own")));
    }
    for (place, schema) in
        [("agent_tool_input", &wanted.agent_tool_input), ("agent_tool_output", &wanted.agent_tool_output)]
    {
        if let Some(schema) = schema {
            CompiledSchema::compile(place, schema.members())?;
        }
    }
    Ok(())
}
