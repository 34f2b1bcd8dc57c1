//! Skills in the chat: listed, shown, called by their names.

use super::*;
use anteroom_api::{Content, SkillFinding, SkillOrigin, SkillView};

fn skill(name: &str) -> SkillView {
    SkillView {
        name: name.to_owned(),
        description: format!("does {name}"),
        origin: SkillOrigin::Project,
        path: Some(format!("/w/.agents/skills/{name}/SKILL.md")),
        argument_hint: Some("[path]".to_owned()),
        allowed_tools: Some(vec!["Read".to_owned()]),
        is_for_model: true,
        is_for_people: true,
        is_usable: true,
        shadowed_by: None,
        findings: Vec::new(),
        files: vec!["a.py".to_owned()],
        body: Some("Look\u{1b}[31m at $ARGUMENTS.".to_owned()),
    }
}

fn views() -> Views {
    let broken = SkillView {
        is_usable: false,
        findings: vec![SkillFinding {
            path: "/w/broken".to_owned(),
            line: Some(3),
            is_error: true,
            text: "this is no valid YAML".to_owned(),
        }],
        ..skill("broken")
    };
    Views {
        skills: vec![skill("review"), skill("plan"), broken],
        ..Views::default()
    }
}

fn typed(lines: &[&str]) -> Talked {
    let lines = lines.iter().map(|line| Typed::Line((*line).to_owned()));
    let mut script = vec![Step::Await(is_start), started(), ended(StopReason::EndTurn)];
    script.extend(leave());
    talk_with((&[], views()), lines.collect(), script)
}

fn input(talked: &Talked) -> Vec<Content> {
    let starts = talked.ops.iter().filter_map(|op| match op {
        Op::Turn(TurnOp::Start { input, .. }) => Some(input.clone()),
        _ => None,
    });
    starts.flatten().collect()
}

#[test]
fn a_skill_is_called_by_its_name() {
    let called = typed(&["/Review src/main.rs and more"]);
    let wanted = [Content::skill("review", "src/main.rs and more")];
    assert_eq!(input(&called), wanted);
    // Where a command has the name, the skill is called by another way.
    let called = typed(&["/skill plan the release"]);
    assert_eq!(input(&called), [Content::skill("plan", "the release")]);
    let unknown = typed(&["/nothing", "go"]);
    assert!(
        unknown.screen.contains("there is no /nothing"),
        "{}",
        unknown.screen
    );
    assert_eq!(input(&unknown), [Content::text("go")]);
    let path = typed(&["/etc/hosts is what?"]);
    assert_eq!(input(&path), [Content::text("/etc/hosts is what?")]);
}

#[test]
fn skills_are_listed_and_shown_without_what_moves_the_cursor() {
    let listed = typed(&["/skills", "/skills review", "go"]);
    for words in [
        "review  does review (project)",
        "broken  cannot be used (project)",
        "/review [path]",
        "file     /w/.agents/skills/review/SKILL.md",
        "tools    only Read",
        "beside   a.py",
        "Look at $ARGUMENTS.",
    ] {
        assert!(listed.screen.contains(words), "{words}: {}", listed.screen);
    }
    assert!(!listed.screen.contains("\u{1b}[31m"));
}
