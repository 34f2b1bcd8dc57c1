//! How many files this process may have open: as many as it takes, and connections never all of them.

/// What the limit is raised to, where the system lets us: what commands of tools are given, too.
#[cfg(unix)]
const WANTED: u64 = 8192;
/// Files that connections leave to everything else: the database, logs, tools and what they start.
const OTHERS: u64 = 256;
/// Connections there are in any case.
const FEWEST: usize = 64;

/// Raises the limit on open files and says what it is; none if the system has none.
pub(crate) fn raise() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let now = limit.current?;
        let wanted = limit.maximum.map_or(WANTED, |most| most.min(WANTED));
        if now >= wanted {
            return Some(now);
        }
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => Some(wanted),
            Err(error) => {
                tracing::debug!(%error, "the limit on open files was not raised");
                Some(now)
            }
        }
    }
    #[cfg(not(unix))]
    None
}

/// How many connections may be open: `most`, or half of the files there are beside what others need.
pub(crate) fn connections(most: usize, files: Option<u64>) -> usize {
    let Some(files) = files else {
        return most;
    };
    let half = files.saturating_sub(OTHERS) / 2;
    most.min(usize::try_from(half).unwrap_or(most)).max(FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_everybody_else() {
        for (files, expected) in [
            (None, 2048),
            (Some(1_048_576), 2048),
            (Some(8192), 2048),
            (Some(1024), 384),
            (Some(256), 64),
            (Some(0), 64),
        ] {
            assert_eq!(connections(2048, files), expected, "{files:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_listener_has_the_files_the_system_lets_it_have() {
        use rustix::process::{Resource, getrlimit};
        let raised = raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(raised, limit.current);
        let most = limit.maximum.unwrap_or(WANTED).min(WANTED);
        assert!(limit.current.is_none_or(|now| now >= most), "{limit:?}");
    }
}
