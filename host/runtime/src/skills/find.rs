//! Which skills there are: every file is read when it is asked, so what was changed counts at once.

use super::built_in;
use super::manifest::{self, Manifest, Notes};
use super::place::Place;
use super::room::{Entry, Room, Unread};
use anteroom_api::{SkillOrigin, SkillView};
use std::path::{Path, PathBuf};

/// Bytes of a skill's file; more would be a book, and all of it is sent.
const MAX_BYTES: u64 = 96 * 1024;
/// Skills of one folder.
const MAX_SKILLS: usize = 200;
/// The file that makes a folder a skill.
pub(crate) const FILE: &str = "SKILL.md";

/// A skill, or what fails to be one.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) view: SkillView,
    pub(crate) manifest: Manifest,
    /// Where its other files are; none if it cannot have any.
    pub(crate) home: Option<Home>,
}

/// A skill's own folder.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) place: Place,
    pub(crate) name: String,
}

impl Home {
    pub(crate) fn room(&self) -> Result<Room, Unread> {
        self.place.room()?.inner(&self.name)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.place.folder.join(&self.name)
    }
}

/// All skills, by name; those of one name in the order in which they count.
pub(crate) fn all(places: &[Place]) -> Vec<Found> {
    let mut found: Vec<Found> = places.iter().flat_map(of_place).collect();
    found.extend(built_in::all());
    // Stable: the order of the places holds within a name.
    found.sort_by(|a, b| a.view.name.cmp(&b.view.name));
    shadow(&mut found);
    found
}

/// The one that counts for a name; else the first that fails.
pub(crate) fn named(found: Vec<Found>, name: &str) -> Option<Found> {
    let mut of_name: Vec<Found> = found
        .into_iter()
        .filter(|found| found.view.name == name)
        .collect();
    let counting = of_name.iter().position(|found| found.view.is_usable);
    (!of_name.is_empty()).then(|| of_name.swap_remove(counting.unwrap_or(0)))
}

/// A folder or file as it would be found, wherever it lies.
pub(crate) fn at(path: &Path) -> Option<Found> {
    let is_manifest = path.file_name().is_some_and(|name| name == FILE);
    let path = if is_manifest { path.parent()? } else { path };
    let name = path.file_name()?.to_str()?.to_owned();
    let place = Place {
        origin: SkillOrigin::User,
        folder: path.parent()?.to_owned(),
        within: None,
    };
    let room = place.room().ok()?;
    let entry = Entry {
        is_folder: path.is_dir(),
        name,
    };
    let found = one(&place, &room, &entry);
    // Whoever asks about a folder by name hears that it is none.
    found.or_else(|| {
        let mut notes = Notes::of(path.join(FILE).display().to_string());
        notes.error(None, "there is no such file");
        path.is_dir()
            .then(|| finish(&place, (&entry.name, None), (Manifest::default(), notes)))
    })
}

fn of_place(place: &Place) -> Vec<Found> {
    let read = place.room().and_then(|room| {
        let entries = room.entries()?;
        Ok((room, entries))
    });
    let (room, entries) = match read {
        Ok(read) => read,
        Err(Unread::Missing) => return Vec::new(),
        Err(error) => return vec![unreadable(place, error)],
    };
    let mut found: Vec<Found> = entries
        .iter()
        .filter_map(|entry| one(place, &room, entry))
        .collect();
    if found.len() > MAX_SKILLS {
        tracing::warn!(folder = %place.folder.display(), "more than {MAX_SKILLS} skills; the rest is left out");
        found.truncate(MAX_SKILLS);
    }
    found
}

/// A folder of skills that cannot be looked into, in the place of what is in it.
fn unreadable(place: &Place, error: Unread) -> Found {
    let mut notes = Notes::of(place.folder.display().to_string());
    notes.error(None, format!("its skills cannot be read: {error}"));
    let name = place.folder.file_name().unwrap_or_default();
    finish(
        place,
        (&name.to_string_lossy(), None),
        (Manifest::default(), notes),
    )
}

fn one(place: &Place, room: &Room, entry: &Entry) -> Option<Found> {
    if entry.is_folder {
        return folder(place, room, &entry.name);
    }
    let stem = entry
        .name
        .strip_suffix(".yaml")
        .or_else(|| entry.name.strip_suffix(".yml"));
    match stem {
        Some(stem) => {
            let read = read(room, (place, &entry.name), &entry.name);
            Some(parsed(place, (stem, None), read, manifest::yaml))
        }
        // A link to a folder, where links are refused, would else vanish without a word.
        None => (!entry.name.contains('.'))
            .then(|| room.inner(&entry.name).err())
            .flatten()
            .filter(|error| *error == Unread::Link)
            .map(|_| {
                let mut notes = Notes::of(place.folder.join(&entry.name).display().to_string());
                notes.error(None, Unread::Link.to_string());
                finish(place, (&entry.name, None), (Manifest::default(), notes))
            }),
    }
}

fn folder(place: &Place, room: &Room, name: &str) -> Option<Found> {
    let inner = room.inner(name);
    let path = format!("{name}/{FILE}");
    let read = match inner {
        Ok(inner) => match inner.read(FILE, MAX_BYTES) {
            // A folder of something else.
            Err(Unread::Missing) => return None,
            read => text(
                read,
                Notes::of(place.folder.join(&path).display().to_string()),
            ),
        },
        Err(error) => text(
            Err(error),
            Notes::of(place.folder.join(&path).display().to_string()),
        ),
    };
    let home = Home {
        place: place.clone(),
        name: name.to_owned(),
    };
    Some(parsed(place, (name, Some(home)), read, manifest::markdown))
}

type Text = (Option<String>, Notes);

fn read(room: &Room, (place, path): (&Place, &str), name: &str) -> Text {
    let notes = Notes::of(place.folder.join(path).display().to_string());
    text(room.read(name, MAX_BYTES), notes)
}

fn text(read: Result<super::room::Content, Unread>, mut notes: Notes) -> Text {
    let bytes = match read {
        Ok(content) => content.bytes,
        Err(error) => {
            notes.error(None, error.to_string());
            return (None, notes);
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => (Some(text), notes),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            notes.error(u32::try_from(line).ok(), "it is no UTF-8 text");
            (None, notes)
        }
    }
}

fn parsed(
    place: &Place,
    (name, home): (&str, Option<Home>),
    (text, mut notes): Text,
    parse: fn(&str, &str, &mut Notes) -> Manifest,
) -> Found {
    let manifest = match text {
        Some(text) => parse(&text, name, &mut notes),
        None => Manifest::default(),
    };
    finish(place, (name, home), (manifest, notes))
}

pub(super) fn finish(
    place: &Place,
    (name, home): (&str, Option<Home>),
    (manifest, notes): (Manifest, Notes),
) -> Found {
    let is_usable = !notes.has_errors();
    let path = notes.path().to_owned();
    let mut name = match is_usable {
        true => manifest.name.clone(),
        false => anteroom_gate::visible(name),
    };
    if !is_usable && manifest::is_name(&manifest.name) {
        name.clone_from(&manifest.name);
    }
    Found {
        view: SkillView {
            name,
            description: manifest.description.clone(),
            origin: place.origin.clone(),
            path: (place.origin != SkillOrigin::BuiltIn).then_some(path),
            argument_hint: hint(&manifest),
            allowed_tools: manifest.allowed_tools.clone(),
            is_for_model: !manifest.is_not_for_model,
            is_for_people: !manifest.is_not_for_people,
            is_usable,
            shadowed_by: None,
            findings: notes.into_findings(),
            files: Vec::new(),
            body: None,
        },
        manifest,
        home,
    }
}

fn hint(manifest: &Manifest) -> Option<String> {
    let named = || {
        let names = manifest.argument_names.iter();
        let names: Vec<String> = names.map(|name| format!("[{name}]")).collect();
        (!names.is_empty()).then(|| names.join(" "))
    };
    manifest.argument_hint.clone().or_else(named)
}

/// Of each name the first that is in order counts.
fn shadow(found: &mut [Found]) {
    let mut counting: Option<(String, String)> = None;
    for Found { view, .. } in found {
        if counting
            .as_ref()
            .is_some_and(|(name, _)| *name != view.name)
        {
            counting = None;
        }
        if !view.is_usable {
            continue;
        }
        match &counting {
            Some((_, place)) => {
                view.is_usable = false;
                view.shadowed_by = Some(place.clone());
            }
            None => {
                let place = view.path.clone();
                let place = place.unwrap_or_else(|| view.origin.to_string());
                counting = Some((view.name.clone(), place));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn skill(description: &str) -> String {
        format!("---\ndescription: {description}\n---\nDo it.\n")
    }

    #[test]
    fn the_first_that_is_in_order_counts_and_the_others_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let (own, theirs) = (folder.path().join("own"), folder.path().join("repo/s"));
        write(&own.join("commit/SKILL.md"), "---\nname: commit\nx\n");
        write(&theirs.join("commit/SKILL.md"), &skill("theirs"));
        write(&theirs.join("tidy/SKILL.md"), &skill("tidies"));
        write(&theirs.join("not-a-skill/README.md"), "");
        write(&theirs.join("README.md"), "");
        write(
            &theirs.join("old.yaml"),
            "name: old\ndescription: o\nprompt: do {args}\n",
        );
        write(&theirs.join("Bad Name/SKILL.md"), &skill("x"));
        std::fs::write(theirs.join("latin.yml"), b"prompt: \xff").unwrap();
        let places = [
            Place {
                origin: SkillOrigin::User,
                folder: own,
                within: None,
            },
            Place {
                origin: SkillOrigin::Project,
                folder: theirs.clone(),
                within: Some(folder.path().join("repo")),
            },
        ];
        let found = all(&places);
        let of = |name: &str| -> Vec<&SkillView> {
            let views = found.iter().map(|found| &found.view);
            views.filter(|view| view.name == name).collect()
        };
        let commits = of("commit");
        let usable: Vec<bool> = commits.iter().map(|view| view.is_usable).collect();
        assert_eq!(usable, [false, true, false], "broken, counting, built in");
        assert!(commits[0].findings[0].line.is_some(), "{commits:?}");
        assert_eq!(commits[2].shadowed_by, commits[1].path);
        assert_eq!(commits[1].description, "theirs");
        assert!(of("tidy")[0].is_usable && of("old")[0].is_usable);
        assert!(of("not-a-skill").is_empty() && of("README").is_empty());
        let bad = of("Bad Name")[0];
        assert!(!bad.is_usable && bad.findings[0].text.contains("small letters"));
        assert!(of("latin")[0].findings[0].text.contains("UTF-8"));
        assert_eq!(
            named(found.clone(), "commit").unwrap().view.description,
            "theirs"
        );
        assert!(named(found.clone(), "nothing").is_none());
        let alone = at(&theirs.join("tidy/SKILL.md")).unwrap();
        assert!(alone.view.is_usable && alone.view.name == "tidy");
        assert!(!at(&theirs.join("not-a-skill")).unwrap().view.is_usable);
        assert!(at(&theirs.join("missing")).is_none());
    }

    #[test]
    fn a_large_file_and_a_link_are_findings() {
        let folder = tempfile::tempdir().unwrap();
        let theirs = folder.path().join("s");
        write(&theirs.join("large/SKILL.md"), &"x".repeat(100 * 1024));
        write(&folder.path().join("secret/SKILL.md"), &skill("secret"));
        std::fs::create_dir_all(theirs.join("led")).unwrap();
        let link = std::os::unix::fs::symlink::<PathBuf, PathBuf>;
        link(
            folder.path().join("secret/SKILL.md"),
            theirs.join("led/SKILL.md"),
        )
        .unwrap();
        link(folder.path().join("secret"), theirs.join("away")).unwrap();
        let place = Place {
            origin: SkillOrigin::Project,
            folder: theirs,
            within: Some(folder.path().to_owned()),
        };
        for (name, words) in [
            ("large", "larger than"),
            ("led", "a link"),
            ("away", "a link"),
        ] {
            let found = named(all(std::slice::from_ref(&place)), name).unwrap();
            assert!(!found.view.is_usable, "{name}");
            assert!(
                found.view.findings[0].text.contains(words),
                "{:?}",
                found.view
            );
            assert!(found.manifest.body.is_empty(), "nothing of it is kept");
        }
    }
}
