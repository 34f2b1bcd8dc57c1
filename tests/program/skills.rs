//! `aroom skill`, and skills called in `aroom exec`.

use super::Desk;
use crate::support::endpoint::Reply;

const TIDY: &str = "---\ndescription: Tidies up\nallowed-tools: Read\n---\n\nTidy $1 up.\n";

#[tokio::test(flavor = "multi_thread")]
async fn skills_are_listed_shown_checked_made_and_removed() {
    let desk = Desk::new([]).await;
    desk.write(".agents/skills/tidy/SKILL.md", TIDY);
    let listed = desk.stdout(&["skill", "list"]).await;
    for words in ["tidy", "Tidies up (project)", "commit", "(built in)"] {
        assert!(listed.contains(words), "{words}: {listed}");
    }
    let shown = desk.stdout(&["skill", "show", "/tidy"]).await;
    assert!(
        shown.contains("only Read") && shown.contains("Tidy $1 up."),
        "{shown}"
    );
    assert_eq!(desk.run(&["skill", "check"]).await.code, 0);

    let made = desk
        .run(&["skill", "new", "fresh", "Does it: well.", "Always."])
        .await;
    assert_eq!(made.code, 0, "{made:?}");
    assert!(
        made.stdout.ends_with(".anteroom/skills/fresh/SKILL.md\n"),
        "{made:?}"
    );
    let shown = desk.json(&["skill", "show", "fresh", "--json"]).await;
    assert_eq!(shown["description"], "Does it: well. Always.");
    assert_eq!(shown["origin"]["kind"], "user");
    let taken = desk.run(&["skill", "new", "fresh"]).await;
    assert_eq!(taken.code, 2, "{taken:?}");
    let bad = desk.run(&["skill", "new", "../fresh"]).await;
    assert_eq!(bad.code, 2, "{bad:?}");

    desk.write(
        ".claude/skills/broken/SKILL.md",
        "---\nname: broken\nx: {\n---\nDo.\n",
    );
    let checked = desk.run(&["skill", "check"]).await;
    assert_eq!(checked.code, 1, "{checked:?}");
    let line = checked.stdout.lines().find(|line| line.contains("broken"));
    assert!(line.unwrap().contains("SKILL.md:"), "{checked:?}");
    let one = desk.run(&["skill", "check", ".claude/skills/broken"]).await;
    assert_eq!(one.code, 1, "{one:?}");
    let good = desk
        .run(&["skill", "check", "./.agents/skills/tidy/SKILL.md"])
        .await;
    assert_eq!(good.code, 0, "{good:?}");
    assert_eq!(desk.run(&["skill", "show", "nothing"]).await.code, 8);

    desk.stdout(&["skill", "rm", "fresh", "--yes"]).await;
    assert_eq!(desk.run(&["skill", "show", "fresh"]).await.code, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn exec_calls_a_skill_and_says_whose_words_were_taken_up() {
    let desk = Desk::new([Reply::text("tidied"), Reply::text("plain")]).await;
    desk.write(".agents/skills/tidy/SKILL.md", TIDY);
    let run = desk.run(&["exec", "/tidy main.rs please"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (0, "tidied\n"), "{run:?}");
    assert!(run.stderr.contains("+ skill tidy (project)"), "{run:?}");
    assert!(run.stderr.contains("leaves only Read"), "{run:?}");
    let sent = desk.endpoint.chats()[0].json["messages"].to_string();
    assert!(sent.contains("Tidy main.rs up."), "{sent}");
    // What is no skill's name is a message like any other.
    desk.stdout(&["exec", "/nothing at all"]).await;
    let sent = desk.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("/nothing at all"), "{sent}");
}
