//! The skills that came with the program.

use super::find::{Found, finish};
use super::manifest::{self, Notes};
use super::place::Place;
use anteroom_api::SkillOrigin;
use std::path::PathBuf;

/// Each with the name of its folder, as it would be.
const SKILLS: [(&str, &str); 8] = [
    ("commit", include_str!("built_in/commit.md")),
    ("explain", include_str!("built_in/explain.md")),
    ("help", include_str!("built_in/help.md")),
    ("new-skill", include_str!("built_in/new-skill.md")),
    ("new-tool", include_str!("built_in/new-tool.md")),
    ("plan", include_str!("built_in/plan.md")),
    ("review", include_str!("built_in/review.md")),
    ("test", include_str!("built_in/test.md")),
];

/// All of them, by name.
pub(crate) fn all() -> impl Iterator<Item = Found> {
    SKILLS.iter().map(|(name, text)| {
        let mut notes = Notes::of(*name);
        let manifest = manifest::markdown(text, name, &mut notes);
        let place = Place {
            origin: SkillOrigin::BuiltIn,
            folder: PathBuf::new(),
            within: None,
        };
        finish(&place, (name, None), (manifest, notes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_skills_are_in_order_and_short() {
        for found in all() {
            let name = &found.view.name;
            assert!(found.view.is_usable, "{name}");
            assert_eq!(found.view.findings, [], "{name}");
            assert!(found.view.description.chars().count() <= 160, "{name}");
            assert!(found.manifest.body.len() < 4000, "{name}");
        }
        assert!(all().map(|found| found.view.name).is_sorted());
    }
}
