//! Which tiers wait for a person in which mode. Knows no rule and no effect.

use anteroom_api::{Mode, Tier};

/// Whether `mode` alone wants a person to be asked at `tier`.
pub(crate) fn asks(mode: Mode, tier: Tier) -> bool {
    match mode {
        Mode::Auto => false,
        Mode::AskForDangerous => tier >= Tier::Destructive,
        Mode::AskForWrites => tier >= Tier::Write,
        Mode::Ask => true,
    }
}

/// The highest tier that a rule or the approval of a whole call can cover; above, each effect is asked by itself.
pub(crate) const COVERABLE: Tier = Tier::Execute;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_by_tier() {
        use Mode::{Ask, AskForDangerous, AskForWrites, Auto};
        use Tier::{Destructive, Execute, Read, Write};
        for (mode, asked) in [
            (Auto, vec![]),
            (AskForDangerous, vec![Destructive]),
            (AskForWrites, vec![Write, Execute, Destructive]),
            (Ask, vec![Read, Write, Execute, Destructive]),
        ] {
            let found: Vec<Tier> = [Read, Write, Execute, Destructive]
                .into_iter()
                .filter(|tier| asks(mode, *tier))
                .collect();
            assert_eq!(found, asked, "{mode}");
        }
    }
}
