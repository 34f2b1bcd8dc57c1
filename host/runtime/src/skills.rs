//! Skills: found in their folders, read when they are asked for, taken up by people and models.

use crate::host::Port;
use anteroom_api::{Problem, ProblemCode, SkillOp, SkillView};

/// The skills of a workspace.
pub(crate) async fn views(_: &Port, _: String) -> Result<Vec<SkillView>, Problem> {
    Ok(Vec::new())
}

/// The skill of a name.
pub(crate) async fn view(_: &Port, _: String, name: String) -> Result<SkillView, Problem> {
    Err(none(&name))
}

/// A skill's folder or file, wherever it lies.
pub(crate) async fn view_at(path: String) -> Result<SkillView, Problem> {
    Err(none(&path))
}

/// Carries out a wish.
pub(crate) async fn take(_: &Port, op: SkillOp) -> Result<(), Problem> {
    let (SkillOp::New { name, .. } | SkillOp::Remove { name, .. }) = op;
    Err(none(&name))
}

fn none(name: &str) -> Problem {
    let name = anteroom_gate::visible(name);
    Problem::new(ProblemCode::NotFound, format!("there is no skill `{name}`"))
}
