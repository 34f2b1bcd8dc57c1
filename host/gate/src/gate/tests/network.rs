//! Requests to other machines: asked at each new one, unless a grant names it; after taint each time.

use super::*;
use crate::Taint;
use anteroom_api::Trust;

fn request(host: &str, is_granted: bool) -> Effect {
    Effect::Network {
        method: "GET".to_owned(),
        url: format!("https://{host}/now"),
        host: host.to_owned(),
        is_granted,
        secrets: Vec::new(),
        content: String::new(),
    }
}

fn fetching(gate: &Gate) -> Permit {
    let facts = facts("weather", Tier::Read, &[Capability::Fetch]);
    match gate.judge_call(facts) {
        CallVerdict::Allow(permit) => permit,
        CallVerdict::Ask(question) => question.answer(&YES).unwrap(),
        CallVerdict::Deny(refusal) => panic!("{refusal}"),
    }
}

#[test]
fn requests() {
    use Mode::{Ask, AskForDangerous, AskForWrites, Auto};
    for (mode, allowed, denied, host, is_granted, expected) in [
        (
            AskForWrites,
            &[][..],
            &[][..],
            "a.test",
            false,
            "ask weather:a.test",
        ),
        (
            AskForWrites,
            &[],
            &[],
            "a.test:8443",
            false,
            "ask weather:a.test:8443",
        ),
        (AskForWrites, &[], &[], "a.test", true, "policy"),
        (
            Ask,
            &["weather:b.test"],
            &[],
            "a.test",
            true,
            "ask weather:a.test",
        ),
        (AskForDangerous, &[], &[], "a.test", false, "policy"),
        (Auto, &[], &[], "a.test", false, "policy"),
        (
            AskForWrites,
            &["weather:*.test"],
            &[],
            "a.test",
            false,
            "rule",
        ),
        (
            AskForWrites,
            &["other"],
            &[],
            "a.test",
            false,
            "ask weather:a.test",
        ),
        (Auto, &["*"], &["weather:a.test"], "a.test", true, "deny"),
        (
            Auto,
            &["*"],
            &["weather:a.test"],
            "A.test:8443",
            true,
            "deny",
        ),
        (Auto, &["*"], &["*"], "a.test", true, "deny"),
    ] {
        let gate = gate(mode, allowed, denied);
        if matches!(
            gate.judge_call(facts("weather", Tier::Read, &[])),
            CallVerdict::Deny(_)
        ) {
            assert_eq!(expected, "deny");
            continue;
        }
        let found = fetching(&gate).judge(&request(host, is_granted));
        assert_eq!(
            outcome(&found),
            expected,
            "{mode} +{allowed:?} -{denied:?} {host}"
        );
    }
}

#[test]
fn an_answer_taints_and_then_every_request_asks() {
    for mode in [Mode::Auto, Mode::AskForWrites] {
        let gate = gate(mode, &["weather"], &[]).with_taint(Taint::default());
        let permit = fetching(&gate);
        let request = request("a.test", true);
        assert!(matches!(
            permit.judge(&request),
            EffectVerdict::Allow { .. }
        ));
        assert_eq!(permit.trust(), Trust::Untrusted);
        let EffectVerdict::Ask(asked) = permit.judge(&request) else {
            panic!("{mode}: a second request must ask");
        };
        assert_eq!(asked.scopes.len(), 1, "never for longer");
        let told = asked.reasons.join("\n");
        assert!(told.contains("what `a.test` answered"), "{told}");
    }
}

#[test]
fn what_is_sent_is_shown_and_bound() {
    let gate = gate(Mode::AskForWrites, &[], &[]);
    let permit = fetching(&gate);
    let with = |content: &str, secrets: &[&str]| Effect::Network {
        method: "POST".to_owned(),
        url: "https://a.test/in".to_owned(),
        host: "a.test".to_owned(),
        is_granted: false,
        secrets: secrets.iter().map(|it| (*it).to_owned()).collect(),
        content: content.to_owned(),
    };
    let EffectVerdict::Ask(asked) = permit.judge(&with("hello\n", &["forecast"])) else {
        panic!();
    };
    assert_eq!(asked.effect.kind, EffectKind::Network);
    assert_eq!(asked.effect.summary, "POST https://a.test/in");
    let detail = asked.effect.detail.clone().unwrap();
    assert!(detail.contains("with your secret forecast\n"), "{detail}");
    assert!(detail.contains("hello"), "{detail}");
    assert!(asked.reasons[0].contains("it sends your secret `forecast` to `a.test`"));
    // The yes is to this request, not to another one.
    let other = with("hello, and more\n", &["forecast"]);
    assert!(permit.settle(&other, &asked, &YES).is_err());
    // A mask is what a tool was shown in the place of a secret; sending it helps nobody.
    let hidden = gate
        .masker()
        .mask("ghp_0123456789abcdefghijABCDEFGHIJ456789");
    assert!(crate::has_mask(&hidden), "{hidden}");
    assert_eq!(outcome(&permit.judge(&with(&hidden, &[]))), "deny");
}
