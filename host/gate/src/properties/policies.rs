//! Policies: less said never allows more, an answer holds for nothing but what was shown, rules mean what they say.

use super::settled::settled;
use super::{place, run, strictness, write};
use crate::{Effect, EffectVerdict, FilePath, Gate, Memory, Place, Policy, Rule, Taint};
use anteroom_api::{Mode, Scope, Tier, ToolContent};
use proptest::prelude::*;

const RULES: [&str; 12] = [
    "*",
    "tool",
    "tool:*",
    "tool:ls *",
    "tool:cargo test *",
    "tool:git *",
    "tool:src/**",
    "tool:**",
    "tool:reviewer",
    "other",
    "tool:rm *",
    "tool:curl *",
];

fn path() -> impl Strategy<Value = FilePath> {
    let names = "[a-zA-Z.]{1,6}(/[a-z.]{1,5}){0,2}";
    prop_oneof![
        4 => names.prop_map(FilePath::Workspace),
        2 => proptest::sample::select(vec![".env", ".git", ".git/config", "src/a.rs", ".vscode/x", "", "../x"])
            .prop_map(|path| FilePath::Workspace(path.to_owned())),
        1 => names.prop_map(FilePath::Temp),
        2 => names.prop_map(|path| FilePath::Outside(format!("/{path}"))),
    ]
}

fn effect() -> impl Strategy<Value = Effect> {
    let line = proptest::sample::select(vec![
        "ls",
        "ls src",
        "cargo test",
        "cargo test --all",
        "git push",
        "git push --force",
        "rm -rf /",
        "rm a",
        "curl https://x",
        "cat .env",
        "cat /etc/hosts",
        "$X",
        "frobnicate",
        "ls; cargo test",
        "echo 'x",
        "mkdir a",
        "touch src/a",
        "git reset --hard",
        "sh -c ls",
        "cat a | sort",
    ]);
    let process =
        (line, "(|src|\\.git|/etc)", any::<bool>()).prop_map(|(line, cwd, is_background)| {
            Effect::Process {
                line: line.to_owned(),
                cwd,
                is_background,
            }
        });
    prop_oneof![
        3 => process,
        1 => path().prop_map(|path| Effect::FileRead { path }),
        1 => (path(), any::<bool>()).prop_map(|(path, is_new)| Effect::FileWrite { path, is_new, preview: None }),
        1 => (path(), proptest::option::of(path())).prop_map(|(path, to)| Effect::FileRemove { path, to }),
        1 => ("(reviewer|agent)", "[a-z ]{0,12}").prop_map(|(name, prompt)| Effect::Agent { name, prompt }),
        1 => ("(GET|POST)", "(a|b)[.]example[.]org", any::<bool>(), "[a-z ]{0,12}").prop_map(
            |(method, host, is_granted, content)| Effect::Network {
                method,
                url: format!("https://{host}/"),
                host,
                is_granted,
                secrets: Vec::new(),
                content,
            }
        ),
    ]
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule =
        proptest::sample::select(RULES.to_vec()).prop_map(|text| text.parse().expect("a rule"));
    proptest::collection::vec(rule, 0..4)
}

fn mode() -> impl Strategy<Value = Mode> {
    proptest::sample::select(vec![
        Mode::Auto,
        Mode::AskForDangerous,
        Mode::AskForWrites,
        Mode::Ask,
    ])
}

fn policy() -> impl Strategy<Value = Policy> {
    (mode(), rules(), rules(), any::<(bool, bool)>()).prop_map(
        |(mode, allowed, denied, (is_sandboxed, is_offline))| Policy {
            mode,
            allowed,
            denied: denied
                .into_iter()
                .filter(|rule| rule.to_string() != "*")
                .collect(),
            is_sandboxed,
            is_offline,
            ..Policy::default()
        },
    )
}

fn gate(policy: &Policy) -> Gate {
    Gate::new(policy.clone(), place(), Memory::default()).expect("the policy is sound")
}

/// The policy with one more thing said, or one less: never freer than before.
fn stricter(policy: &Policy) -> Vec<(&'static str, Gate)> {
    let change = |change: &dyn Fn(&mut Policy)| {
        let mut policy = policy.clone();
        change(&mut policy);
        gate(&policy)
    };
    vec![
        ("nothing allowed", change(&|policy| policy.allowed.clear())),
        (
            "one denied",
            change(&|policy| policy.denied.push("tool:src/**".parse().expect("a rule"))),
        ),
        ("no sandbox", change(&|policy| policy.is_sandboxed = false)),
        (
            "an open network",
            change(&|policy| policy.is_offline = false),
        ),
        (
            "a pattern",
            change(&|policy| policy.custom_patterns.push("cargo".to_owned())),
        ),
        (
            "a sensitive path",
            change(&|policy| policy.sensitive_paths.push("src".to_owned())),
        ),
        ("tainted", gate(policy).with_taint(Taint::earlier("a page"))),
    ]
}

proptest! {
    #![proptest_config(settled(250))]

    #[test]
    fn saying_less_never_allows_more(mut policy in policy(), effect in effect()) {
        // In mode `ask` the call itself is asked about, and the yes to it covers.
        if policy.mode == Mode::Ask {
            policy.mode = Mode::AskForWrites;
        }
        let before = strictness(&gate(&policy), &effect).0;
        for (what, gate) in stricter(&policy) {
            let after = strictness(&gate, &effect).0;
            prop_assert!(after >= before, "{what}: {before:?} became {after:?}");
        }
        // A policy that says nothing is the strictest there is, but for what is denied.
        let empty = strictness(&gate(&Policy::default()), &effect).0;
        let is_comparable = policy.denied.is_empty();
        prop_assert!(!is_comparable || empty >= before.min(super::Strictness::Asked));
    }

    #[test]
    fn a_stricter_mode_never_allows_more(mut policy in policy(), effect in effect()) {
        policy.mode = Mode::Auto;
        let mut before = strictness(&gate(&policy), &effect).0;
        for mode in [Mode::AskForDangerous, Mode::AskForWrites] {
            policy.mode = mode;
            let after = strictness(&gate(&policy), &effect).0;
            prop_assert!(after >= before, "{mode}");
            before = after;
        }
    }

    #[test]
    fn a_malformed_policy_is_no_policy(text in "[(\\[{*a-z]{1,6}", is_pattern in any::<bool>()) {
        let mut policy = Policy { mode: Mode::Auto, ..Policy::default() };
        if is_pattern {
            policy.custom_patterns.push(text.clone());
        } else {
            policy.sensitive_paths.push(text.clone());
        }
        if let Ok(gate) = Gate::new(policy, place(), Memory::default()) {
            let hard = strictness(&gate, &run("rm -rf /")).0;
            prop_assert_eq!(hard, super::Strictness::AskedEachTime);
        }
    }

    /// Changing anything of what was shown makes the answer void.
    #[test]
    fn no_two_questions_share_a_digest(
        one in effect(),
        two in effect(),
        tools in ("[a-z]{1,3}", "[a-z]{1,3}"),
        taints in any::<(bool, bool)>(),
        policies in (policy(), policy()),
        places in ("/[a-z]{1,2}", "/[a-z]{1,2}"),
    ) {
        let digest = |policy: &Policy, workspace: &str, tool: &str, effect: &Effect, is_tainted| {
            let place = Place { workspace: workspace.into(), ..place() };
            let gate = Gate::new(policy.clone(), place, Memory::default()).expect("the policy is sound");
            gate.shown(tool, effect, is_tainted).1
        };
        let first = digest(&policies.0, &places.0, &tools.0, &one, taints.0);
        let second = digest(&policies.1, &places.1, &tools.1, &two, taints.1);
        let is_same = format!("{:?}", policies.0) == format!("{:?}", policies.1)
            && places.0 == places.1 && tools.0 == tools.1 && one == two && taints.0 == taints.1;
        prop_assert_eq!(first == second, is_same);
        // One thing at a time.
        prop_assert_ne!(&first, &digest(&policies.0, &places.0, &tools.0, &one, !taints.0));
        prop_assert_ne!(&first, &digest(&policies.0, &places.0, &format!("{}x", tools.0), &one, taints.0));
        prop_assert_ne!(&first, &digest(&policies.0, &format!("{}x", places.0), &tools.0, &one, taints.0));
        let mut other = policies.0.clone();
        other.sandbox_lacks.push("x".to_owned());
        prop_assert_ne!(&first, &digest(&other, &places.0, &tools.0, &one, taints.0));
    }

    /// Whatever was asked, a yes is used once, and a yes to one effect is no yes to another.
    #[test]
    fn an_answer_is_good_for_one_effect_once(one in effect(), two in effect()) {
        let gate = gate(&Policy { mode: Mode::AskForWrites, is_sandboxed: true, ..Policy::default() });
        let facts = crate::CallFacts {
            tool: "tool".to_owned(),
            declared: Tier::Read,
            arguments: serde_json::json!({}),
            capabilities: Vec::new(),
            is_third_party: true,
        };
        let crate::CallVerdict::Allow(permit) = gate.judge_call(facts) else {
            return Err(TestCaseError::fail("reading is allowed"));
        };
        let yes = anteroom_api::Resolution::Allowed { scope: Scope::Once };
        if let EffectVerdict::Ask(asked) = permit.judge(&one) {
            if one != two {
                prop_assert!(permit.settle(&two, &asked, &yes).is_err());
            }
            let is_taking = asked.effect.kind != anteroom_api::EffectKind::FileRead;
            let first = permit.settle(&one, &asked, &yes);
            prop_assert!(first.is_ok() || !is_taking, "{first:?}");
            prop_assert!(permit.settle(&one, &asked, &yes).is_err());
        }
    }

    #[test]
    fn a_rule_means_what_it_shows(text in "\\PC{0,24}") {
        if let Ok(rule) = text.parse::<Rule>() {
            let shown = rule.to_string();
            let again: Rule = shown.parse().expect("what a rule shows is a rule");
            prop_assert_eq!(&again, &rule);
            prop_assert_eq!(again.to_string(), shown);
        }
    }

    #[test]
    fn a_rule_that_is_offered_covers_what_it_was_offered_for(effect in effect()) {
        let gate = gate(&Policy { is_sandboxed: true, is_offline: true, ..Policy::default() });
        let standing = gate.assess("tool", &effect);
        if let Some(rule) = gate.narrowest_rule("tool", &effect, &standing) {
            let policy = Policy {
                allowed: vec![rule.parse().expect("an offered rule is a rule")],
                is_sandboxed: true,
                is_offline: true,
                ..Policy::default()
            };
            let with = Gate::new(policy, place(), Memory::default()).expect("the policy is sound");
            if strictness(&gate, &effect).0 == super::Strictness::Asked {
                prop_assert_eq!(strictness(&with, &effect).0, super::Strictness::Allowed, "{}", rule);
            }
            // And nothing that is another tool's, or outside, or sensitive.
            for other in [write(".env"), write(".git/config"), run("rm -rf /"), run("cat .env")] {
                prop_assert!(strictness(&with, &other).0 >= super::Strictness::AskedEachTime, "{}", rule);
            }
        }
    }

    #[test]
    fn previews_are_part_of_the_question(one in "\\PC{0,20}", two in "\\PC{0,20}") {
        let gate = gate(&Policy::default());
        let of = |text: &str| {
            let effect = Effect::FileWrite {
                path: FilePath::Workspace("a".to_owned()),
                is_new: false,
                preview: Some(ToolContent::Text { text: text.to_owned() }),
            };
            gate.shown("tool", &effect, false).1
        };
        prop_assert_eq!(of(&one) == of(&two), one == two);
    }
}
