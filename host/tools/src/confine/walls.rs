//! Which walls hold around a command on this machine, in words for people.

/// One guarantee about a command, and what it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    /// What is guaranteed, as a noun without its article: `filter of system calls`.
    pub promise: &'static str,
    /// What makes it hold; empty if nothing does.
    pub by: Vec<&'static str>,
    /// Why it does not hold, or what is left open.
    pub missing: Option<String>,
}

/// All guarantees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walls {
    /// One by one, the same ones on every machine.
    pub walls: Vec<Wall>,
}

impl Walls {
    /// Whether everything holds.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.walls.is_empty() && self.walls.iter().all(|wall| wall.missing.is_none())
    }

    /// What does not hold, one line each.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let missing = self.walls.iter().filter_map(|wall| {
            let why = wall.missing.as_ref()?;
            Some(format!("{} ({why})", wall.promise))
        });
        missing.collect()
    }
}
