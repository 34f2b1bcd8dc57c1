//! `aroom bundle`: made, shown, agreed to, locked, gone back to and removed, as a person or a script does it.

use super::Desk;

#[tokio::test]
async fn a_bundle_is_made_shown_installed_and_removed() {
    let desk = Desk::new([]).await;
    desk.stdout(&["bundle", "new", "mine"]).await;
    let checked = desk.stdout(&["bundle", "check", "mine"]).await;
    assert!(checked.contains("mine 0.1.0"), "{checked}");
    desk.stdout(&["bundle", "pack", "mine", "--sign"]).await;
    let file = "mine-0.1.0.abundle";
    let verified = desk.stdout(&["bundle", "verify", file]).await;
    assert!(verified.contains("signed by"), "{verified}");
    let shown = desk.stdout(&["bundle", "inspect", file]).await;
    for words in ["tells the model", "skill hello", "Greet whoever is named"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // Nobody is there to ask, and nobody agreed.
    let refused = desk.run(&["bundle", "install", file]).await;
    assert_eq!(refused.code, 6, "{refused:?}");
    let report = desk.json(&["--json", "bundle", "inspect", file]).await;
    let digest = report["digest"].as_str().unwrap();
    let wrong = "0".repeat(64);
    let refused = desk
        .run(&["bundle", "install", file, "--digest", &wrong])
        .await;
    assert!(refused.stderr.contains("not what was shown"), "{refused:?}");
    desk.stdout(&["bundle", "install", file, "--digest", digest])
        .await;
    let listed = desk.stdout(&["bundle", "list"]).await;
    assert!(listed.contains("mine 0.1.0"), "{listed}");
    // A word that names something on the disk means that.
    std::fs::remove_dir_all(desk.work().join("mine")).unwrap();
    let verified = desk.stdout(&["bundle", "verify", "mine"]).await;
    assert!(verified.contains("as it was installed"), "{verified}");
    desk.stdout(&["bundle", "remove", "mine"]).await;
    let gone = desk.run(&["bundle", "remove", "mine"]).await;
    assert_eq!(gone.code, 8, "{gone:?}");

    // With a lock file a checkout comes to the same without being told what.
    desk.stdout(&["bundle", "install", file, "--lock", "--yes"])
        .await;
    assert!(desk.read(".anteroom/bundles.lock").contains(file));
    desk.stdout(&["bundle", "install"]).await;
}

#[tokio::test]
async fn an_update_shows_the_lines_that_differ_and_a_later_anteroom_is_asked_for() {
    let desk = Desk::new([]).await;
    desk.stdout(&["bundle", "new", "mine"]).await;
    let manifest = desk.read("mine/bundle.yaml");
    desk.write(
        "mine/skills/hello/run.sh",
        "# one\n# two\n# three\necho hello\n",
    );
    desk.stdout(&["bundle", "pack", "mine", "--sign"]).await;
    desk.stdout(&["bundle", "install", "mine-0.1.0.abundle", "--yes"])
        .await;
    desk.write(
        "mine/skills/hello/run.sh",
        "# one\n# two\n# three\necho \u{1b}[2Jbye\n",
    );
    desk.write(
        "mine/bundle.yaml",
        &manifest.replace("version: 0.1.0", "version: 0.2.0"),
    );
    desk.stdout(&["bundle", "pack", "mine", "--sign"]).await;
    let shown = desk
        .stdout(&["bundle", "inspect", "mine-0.2.0.abundle"])
        .await;
    for words in [
        "brings the files",
        "skills/hello/run.sh (changed, wider)",
        "sha256",
        "bundle.yaml (changed)",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "{shown:?}");

    desk.write(
        "mine/bundle.yaml",
        &manifest.replace("minimum_anteroom: ", "minimum_anteroom: 9"),
    );
    let refused = desk
        .run(&["bundle", "install", "mine", "--unsigned", "--yes"])
        .await;
    assert_ne!(refused.code, 0);
    assert!(
        refused.stderr.contains("it needs Anteroom 9"),
        "{refused:?}"
    );
    let listed = desk.stdout(&["bundle", "list"]).await;
    assert!(listed.contains("mine 0.1.0"), "{listed}");
}
