//! Whether the sandbox stopped a command, from what it said before it failed: known words of the C library and of
//! common programs, and nothing else. A guess that is missing is better than one that is wrong.

use super::plan::Plan;
use super::policy::{Network, Sandbox};

/// Bytes of output that are looked through: its end.
const LOOKED_AT: usize = 16 << 10;

/// What was stopped, most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Network,
    Planting,
    Writing,
    Reading,
    FileSize,
    Processes,
}

/// What programs say that found no network.
const NO_NETWORK: [&str; 21] = [
    "could not resolve host",
    "couldn't resolve host",
    "name resolution",
    "name or service not known",
    "unable to resolve host",
    "network is unreachable",
    "getaddrinfo",
    "enetunreach",
    "eai_again",
    "failed to lookup address",
    "dns error",
    "socket: permission denied",
    "socket: operation not permitted",
    "socket: \"permission denied\"",
    "/dev/tcp/",
    "/dev/udp/",
    "nodename nor servname",
    "no address associated with hostname",
    "could not create socket",
    "couldn't connect to server",
    "unable to access 'http",
];

impl Stopped {
    /// What the sandbox stopped, if it did.
    pub(crate) fn of(
        output: &str,
        code: Option<i32>,
        signal: Option<i32>,
        walls: (&Plan, &Sandbox),
    ) -> Option<Self> {
        let (plan, sandbox) = walls;
        if code == Some(0) {
            return None;
        }
        // Shells tell of a child's signal by its number and 128.
        if signal == Some(libc::SIGXFSZ) || code == Some(128 + libc::SIGXFSZ) {
            return Some(Self::FileSize);
        }
        let start = output.ceil_char_boundary(output.len().saturating_sub(LOOKED_AT));
        let said = output[start..].to_lowercase();
        let says = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
        if says(&["file too large", "file size limit exceeded"]) {
            return Some(Self::FileSize);
        }
        if sandbox.network != Network::On && (says(&NO_NETWORK) || says_of_socket(&said)) {
            return Some(Self::Network);
        }
        let is_read_only = says(&["read-only file system", "erofs"]);
        let is_denied = says(&[
            "permission denied",
            "eacces",
            "operation not permitted",
            "device or resource busy",
        ]);
        let is_planted = [".git/", ".git:", ".git'", ".anteroom", ".vscode", ".idea"];
        if (is_read_only || is_denied) && says(&is_planted) && !says(&[".git/objects", ".git/refs"])
        {
            return Some(Self::Planting);
        }
        if is_read_only {
            return Some(Self::Writing);
        }
        if is_denied {
            let names = plan.hidden.iter().filter_map(|it| it.path.file_name());
            let mut names = names.map(|name| name.to_string_lossy().to_lowercase());
            if names.any(|name| said.contains(&name)) {
                return Some(Self::Reading);
            }
        }
        if says(&[
            "fork: retry",
            "fork: resource temporarily unavailable",
            "cannot fork",
        ]) {
            return Some(Self::Processes);
        }
        None
    }

    /// What happened and what could be done, for the model and the person.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Network => {
                "the sandbox has no network; a person can allow it with `aroom config set safety.network on` (or `local`, for servers and clients within one command)"
            }
            Self::Planting => {
                "the sandbox keeps `.git/hooks`, `.git/config`, `.anteroom`, `.vscode` and `.idea` as they are, also where they do not exist, because what is written there runs later outside of it"
            }
            Self::Writing => {
                "in the sandbox only the workspace, `$TMPDIR` and what `safety.sandbox_writable` names can be written"
            }
            Self::Reading => "the sandbox hides sensitive files from commands",
            Self::FileSize => {
                "a file grew beyond `safety.limits.file_mb`, which is where the sandbox stops it"
            }
            Self::Processes => {
                "more processes were started than `safety.limits.processes` allows in the sandbox"
            }
        }
    }
}

/// `PermissionError: [Errno 13]` and the like, in a line about sockets or connections.
fn says_of_socket(said: &str) -> bool {
    let is_denied = |line: &str| {
        [
            "permission denied",
            "eacces",
            "errno 13",
            "operation not permitted",
        ]
        .iter()
        .any(|sign| line.contains(sign))
    };
    let is_about = |line: &str| {
        ["socket", "connect", "dial tcp", "listen"]
            .iter()
            .any(|sign| line.contains(sign))
    };
    said.lines().any(|line| is_denied(line) && is_about(line))
        || (said.lines().any(is_denied) && said.contains("import socket"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confine::plan::{Hidden, Look};

    fn check(output: &str, code: i32, expected: Option<Stopped>) {
        let plan = Plan {
            hidden: vec![Hidden {
                path: "/home/ada/.ssh".into(),
                look: Look::ClosedFolder,
            }],
            ..Plan::default()
        };
        let sandbox = Sandbox::default();
        let found = Stopped::of(output, Some(code), None, (&plan, &sandbox));
        assert_eq!(found, expected, "{output}");
    }

    #[test]
    fn known_words_and_nothing_else() {
        for (output, expected) in [
            (
                "curl: (6) Could not resolve host: example.org",
                Some(Stopped::Network),
            ),
            (
                "bash: line 1: /dev/tcp/127.0.0.1/9: Permission denied",
                Some(Stopped::Network),
            ),
            (
                "socket.error: [Errno 13] Permission denied\n  s = socket.socket()\nimport socket",
                Some(Stopped::Network),
            ),
            (
                "touch: cannot touch '/etc/x': Read-only file system",
                Some(Stopped::Writing),
            ),
            (
                "bash: .git/hooks/pre-commit: Read-only file system",
                Some(Stopped::Planting),
            ),
            (
                "mv: cannot move '.git' to 'x': Device or resource busy",
                Some(Stopped::Planting),
            ),
            (
                "cat: /home/ada/.ssh: Permission denied",
                Some(Stopped::Reading),
            ),
            (
                "bash: fork: retry: Resource temporarily unavailable",
                Some(Stopped::Processes),
            ),
            (
                "dd: error writing 'x': File too large",
                Some(Stopped::FileSize),
            ),
            ("bash: ./script: Permission denied", None),
            ("error[E0425]: cannot find value", None),
            ("test network ... FAILED", None),
            ("", None),
        ] {
            check(output, 1, expected);
            check(output, 0, None);
        }
    }

    #[test]
    fn a_network_that_is_on_is_not_blamed() {
        let sandbox = Sandbox {
            network: Network::On,
            ..Sandbox::default()
        };
        let said = "curl: (6) Could not resolve host: example.org";
        assert_eq!(
            Stopped::of(said, Some(6), None, (&Plan::default(), &sandbox)),
            None
        );
    }
}
