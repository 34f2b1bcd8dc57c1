//! Open skills: instructions written for a kind of task. Capability `skills`.
//!
//! ```
//! use anteroom_sdk::skills::{self, Skill};
//! use anteroom_sdk::testing::Host;
//!
//! let host = Host::new("/work").knowing(Skill::new("tidy", "Sort the imports of $ARGUMENTS."));
//! let skill = host.during(|| skills::load("tidy", "src/lib.rs"))?;
//! assert_eq!(skill.body, "Sort the imports of src/lib.rs.");
//! # Ok::<(), anteroom_sdk::ToolError>(())
//! ```

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::skills as host;
pub use crate::bindings::anteroom::tool::skills::Skill;

impl Skill {
    /// A skill for tests, without files.
    pub fn new(name: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            body: body.into(),
            folder: None,
            files: Vec::new(),
        }
    }
}

/// Opens a skill by its name, with what it is wanted for.
///
/// # Errors
/// `not-found` if there is no such skill, `denied` without the grant.
pub fn load(name: &str, arguments: &str) -> Result<Skill, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.skill(name, arguments)) {
        return answer;
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::load(name, arguments).map_err(|error| match error {
        host::SkillError::NotFound(words) => ToolError::NotFound(words),
        host::SkillError::Denied(words) => ToolError::Denied(words),
    })
}
