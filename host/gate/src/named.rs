//! Paths that a person names in their own words: the naming is the answer to "may it be read", but for secrets.

use crate::Gate;
use crate::effect::FilePath;
use crate::visible::visible;

/// What the gate says to a path that a person named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedVerdict {
    /// It may be read into the conversation.
    Allow {
        /// What it brings in from outside, in words, if it does: it taints the conversation.
        brings: Option<String>,
    },
    /// It may not: why.
    Deny(String),
}

impl Gate {
    /// Judges a path that a person named, so that what is there is sent to the model.
    ///
    /// Shape: a resolved path in, a verdict out; nothing is asked. A tool would have to ask for a file outside of
    /// the workspace, and whoever names it has answered; it still counts as content from outside. A sensitive path
    /// is refused: its name in a sentence is no yes to sending what it holds.
    #[must_use]
    pub fn judge_named(&self, path: &FilePath) -> NamedVerdict {
        let shown = || visible(&path.text());
        if let Some(problem) = path.problem() {
            return NamedVerdict::Deny(format!("`{}` cannot be judged: {problem}", shown()));
        }
        if self.is_sensitive(path) {
            return NamedVerdict::Deny(format!(
                "`{}` is a sensitive path: it may hold secrets",
                shown()
            ));
        }
        let brings = matches!(path, FilePath::Outside(_))
            .then(|| format!("the file `{}`, outside the workspace", shown()));
        NamedVerdict::Allow { brings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, Place, Policy};

    #[test]
    fn what_is_named_is_read_but_for_secrets() {
        let place = Place {
            workspace: "/home/ada/app".into(),
            home: Some("/home/ada".into()),
            protected: vec!["/home/ada/.anteroom".into()],
            temp: None,
        };
        let policy = Policy {
            sensitive_paths: vec!["*.pem".to_owned()],
            ..Policy::default()
        };
        let gate = Gate::new(policy, place, Memory::default()).unwrap();
        let inside = |path: &str| FilePath::Workspace(path.to_owned());
        let outside = |path: &str| FilePath::Outside(path.to_owned());
        let free = NamedVerdict::Allow { brings: None };
        for path in [inside("src/main.rs"), inside(""), inside(".github/ci.yml")] {
            assert_eq!(gate.judge_named(&path), free, "{path:?}");
        }
        let brings = gate.judge_named(&outside("/etc/hosts"));
        assert!(
            matches!(&brings, NamedVerdict::Allow { brings: Some(words) } if words.contains("/etc/hosts")),
            "{brings:?}"
        );
        for path in [
            inside(".env"),
            inside("a/.ENV.local"),
            inside("deploy/key.pem"),
            inside(".git/config"),
            inside("a/../b"),
            outside("/home/ada/.ssh/id_ed25519"),
            outside("/home/ada/.anteroom/config.yaml"),
            outside("/home/ada/app/../.ssh/id"),
            outside("relative"),
        ] {
            let verdict = gate.judge_named(&path);
            assert!(matches!(verdict, NamedVerdict::Deny(_)), "{path:?}");
        }
    }
}
