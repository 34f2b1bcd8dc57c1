//! One typed tool, and the toolset that offers several. Knows nothing of what a tool does.

use crate::{Capability, Context, Output, Tier, ToolError, ToolManifest, schema};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// One tool: what the model is told about it, and what it does.
pub trait Tool {
    /// The name the model calls it by: `[a-z][a-z0-9_]{0,63}`.
    const NAME: &'static str;
    /// What the model is told: short, with one example. Sent with every request, so each word costs.
    const DESCRIPTION: &'static str;
    /// How risky a call is at least. The host may ask for more, never for less.
    const TIER: Tier;
    /// The powers it wants besides its own arguments.
    const CAPABILITIES: &'static [Capability] = &[];
    /// Wall time it asks for, in milliseconds; the host's default (120 000) if none.
    const TIMEOUT_MS: Option<u32> = None;

    /// What it is called with. The documentation of each field is told to the model; `deny_unknown_fields` turns
    /// a misspelled argument into an error that names the known ones.
    type Arguments: DeserializeOwned + JsonSchema;

    /// Does the work of one call. Each call runs in an instance of its own: nothing in memory outlives it.
    ///
    /// # Errors
    /// Whatever kept it from succeeding, in words that tell the model what to do next.
    fn call(context: &Context, arguments: Self::Arguments) -> Result<Output, ToolError>;
}

/// Several tools behind one component. Made by [`crate::export!`].
pub trait Toolset {
    /// The tools, always the same and in the same order.
    fn describe() -> Vec<ToolManifest>;

    /// Runs one tool on a JSON object of arguments.
    ///
    /// # Errors
    /// What the tool answered, `not-found` if there is no such tool, `invalid-args` if the arguments do not fit.
    fn call(context: &Context, name: &str, arguments: &str) -> Result<Output, ToolError>;
}

/// What the host and the model are told about a tool. The schema is as small as it can be said: titles, formats and
/// defaults are left out, so a default belongs into the comment of its field; bounds and lengths stay.
#[must_use]
pub fn manifest<T: Tool>() -> ToolManifest {
    ToolManifest {
        name: T::NAME.to_owned(),
        description: T::DESCRIPTION.to_owned(),
        input_schema: schema::compact::<T::Arguments>().to_string(),
        tier: T::TIER,
        capabilities: T::CAPABILITIES.to_vec(),
        timeout_ms: T::TIMEOUT_MS,
    }
}

/// Reads the arguments and calls the tool. Members that are `null` count as absent, because some models send
/// every optional argument as `null`.
///
/// # Errors
/// `invalid-args` if they do not fit, else what the tool answered.
pub fn run<T: Tool>(context: &Context, arguments: &str) -> Result<Output, ToolError> {
    let refuse = |error: serde_json::Error| {
        ToolError::invalid_args(format!(
            "the arguments of `{}` do not fit: {error}",
            T::NAME
        ))
    };
    let mut value: serde_json::Value = serde_json::from_str(arguments).map_err(refuse)?;
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    T::call(context, serde_json::from_value(value).map_err(refuse)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    struct Repeat;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct RepeatArguments {
        /// What to say
        word: String,
        times: Option<usize>,
    }

    impl Tool for Repeat {
        const NAME: &'static str = "repeat";
        const DESCRIPTION: &'static str = "Says it again.";
        const TIER: Tier = Tier::Read;
        type Arguments = RepeatArguments;

        fn call(_context: &Context, arguments: RepeatArguments) -> Result<Output, ToolError> {
            let times = arguments.times.unwrap_or(1);
            Ok(Output::text(arguments.word.repeat(times)))
        }
    }

    #[track_caller]
    fn check(arguments: &str, expected: Result<&str, &str>) {
        let answer = run::<Repeat>(&Context::for_tests("/w"), arguments);
        match expected {
            Ok(text) => assert_eq!(answer, Ok(Output::text(text))),
            Err(words) => match answer {
                Err(ToolError::InvalidArgs(text)) => assert!(text.contains(words), "{text}"),
                other => panic!("{other:?}"),
            },
        }
    }

    #[test]
    fn arguments_are_read_or_refused_in_words() {
        check(r#"{"word": "a"}"#, Ok("a"));
        check(r#"{"word": "a", "times": 3}"#, Ok("aaa"));
        check(r#"{"word": "a", "times": null}"#, Ok("a"));
        check(r#"{"times": 3}"#, Err("missing field `word`"));
        check(
            r#"{"word": "a", "time": 3}"#,
            Err("unknown field `time`, expected `word` or `times`"),
        );
        check("[", Err("the arguments of `repeat` do not fit"));
    }

    #[test]
    fn a_manifest_says_what_the_tool_says() {
        let manifest = manifest::<Repeat>();
        assert_eq!(manifest.name, "repeat");
        assert_eq!(
            manifest.input_schema,
            r#"{"type":"object","properties":{"word":{"type":"string","description":"What to say"},"times":{"type":"integer"}},"required":["word"]}"#
        );
    }
}
