//! Every sort of setting, both ways.

use super::*;
use serde_json::json;

fn setting(page: PageMay, value: Value) -> SettingView {
    SettingView {
        key: "x.y".to_owned(),
        default: Value::Null,
        value,
        origin: SettingOrigin::Default,
        doc: String::new(),
        environment: None,
        is_secret: false,
        page,
        is_literal: false,
        is_read_at_start: false,
    }
}

fn words() -> PageMay {
    let words = ["off", "auto", "require"].map(str::to_owned).to_vec();
    PageMay::Tighten { words }
}

fn switch() -> PageMay {
    let words = ["false", "true"].map(str::to_owned).to_vec();
    PageMay::Tighten { words }
}

#[test]
fn a_page_makes_stricter_and_never_looser() {
    let tiers = json!({ "bash": "destructive", "fetch": "execute" });
    for (page, held, taken, refused) in [
        (
            PageMay::Lower,
            json!(8),
            vec![json!(8), json!(7), json!("6"), json!(0)],
            vec![
                json!(9),
                json!("9"),
                json!(null),
                json!("lots"),
                json!("inf"),
            ],
        ),
        (
            PageMay::Lower,
            json!(null),
            vec![json!(1_000_000), json!(null)],
            vec![json!("x"), json!([1])],
        ),
        (
            PageMay::Raise,
            json!(2),
            vec![json!(2), json!(3.5)],
            vec![json!(1), json!(0), json!("1.9")],
        ),
        (
            words(),
            json!("auto"),
            vec![json!("auto"), json!("require"), json!(" Require ")],
            vec![
                json!("off"),
                json!(null),
                json!("OFF"),
                json!("other"),
                json!(true),
            ],
        ),
        (
            switch(),
            json!(true),
            vec![json!(true), json!("true")],
            vec![json!(false), json!("no"), json!(0), json!(null)],
        ),
        (
            PageMay::Add,
            json!(["a"]),
            vec![json!(["a"]), json!(["b", "a"])],
            vec![json!([]), json!(["b"]), json!("b"), json!(null)],
        ),
        (
            PageMay::Remove,
            json!(["a", "b"]),
            vec![json!(["a"]), json!([]), json!(["b", "a"])],
            vec![json!(["a", "c"]), json!("c"), json!([["a"]])],
        ),
        (
            PageMay::RaiseTiers,
            tiers.clone(),
            vec![
                tiers.clone(),
                json!({ "bash": "destructive", "fetch": "destructive" }),
                json!({ "bash": "destructive", "fetch": "execute", "new": "destructive" }),
            ],
            vec![
                json!({}),
                json!({ "bash": "execute", "fetch": "execute" }),
                json!({ "bash": "destructive", "fetch": "execute", "new": "execute" }),
                json!({ "bash": "destructive", "fetch": "none" }),
                json!("bash=read"),
            ],
        ),
        (
            PageMay::Reset,
            json!("program"),
            vec![json!(null), json!("  ")],
            vec![json!("other"), json!("program")],
        ),
        (
            PageMay::Nothing,
            json!(1),
            vec![],
            vec![json!(1), json!(null)],
        ),
    ] {
        let setting = setting(page, held);
        for value in taken {
            assert!(
                judge(&setting, Some(&value)).is_ok(),
                "{setting:?}: {value}"
            );
        }
        for value in refused {
            let problem = judge(&setting, Some(&value));
            let problem = problem.expect_err(&format!("{setting:?}: {value}"));
            assert_eq!(problem.code, ProblemCode::Denied);
            assert!(problem.hint.unwrap().contains("`aroom "), "{setting:?}");
        }
    }
}

#[test]
fn going_back_to_the_default_is_judged_as_that_value() {
    let strict = SettingView {
        default: json!("auto"),
        ..setting(words(), json!("require"))
    };
    assert!(judge(&strict, None).is_err());
    let loose = SettingView {
        default: json!("auto"),
        ..setting(words(), json!("off"))
    };
    assert!(judge(&loose, None).is_ok());
    assert!(judge(&setting(PageMay::Reset, json!("x")), None).is_ok());
    assert!(judge(&setting(PageMay::Nothing, json!("x")), None).is_err());
}

/// The file may say `require` where the environment says `off`: what is stricter than the one is looser than the other.
#[test]
fn what_holds_by_another_word_than_the_users_is_not_compared_with() {
    let origins = [
        SettingOrigin::Environment { name: "X".into() },
        SettingOrigin::Flag { name: "--x".into() },
        SettingOrigin::Bundle { name: "b".into() },
    ];
    for origin in origins {
        let setting = SettingView {
            origin,
            ..setting(words(), json!("off"))
        };
        assert!(judge(&setting, Some(&json!("auto"))).is_err());
    }
}

#[test]
fn no_variable_of_the_environment_is_read_for_a_page() {
    let free = setting(PageMay::Set, json!(""));
    let value = json!("https://other.example/${AI_CHAT_API_KEY}");
    assert!(judge(&free, Some(&value)).is_err());
    assert!(judge(&free, Some(&json!("https://other.example/"))).is_ok());
    let text = SettingView {
        is_literal: true,
        ..free
    };
    assert!(judge(&text, Some(&value)).is_ok());
}

#[test]
fn an_origin_is_what_a_key_is_sent_to() {
    let one = origin("https://llm.example/v1");
    assert_eq!(one, "https://llm.example");
    assert_eq!(origin(" HTTPS://LLM.example/other?x "), one);
    for other in [
        "http://llm.example/v1",
        "https://llm.example:8443/v1",
        "https://llm.example@evil.example/v1",
        "https://llm.example.evil.example/",
        "llm.example/v1",
        "",
    ] {
        assert_ne!(origin(other), one, "{other}");
    }
}

#[test]
fn what_is_in_or_around_a_setting_is_it_too() {
    for key in ["hooks.start", "hooks", "hooks.start.command"] {
        assert!(names(key, "hooks.start"), "{key}");
    }
    for key in ["hooks.started", "hook", "start", "hooks.star", "ai.model"] {
        assert!(!names(key, "hooks.start"), "{key}");
    }
}
