//! What is asked even in mode `auto`: the loss of a root, a home or the workspace, of a disk, of the machine.

use super::field::Field;
use super::place::Spot;
use super::scope::{Scope, UNKNOWN};
use super::walk::Walker;

/// Programs that are looked for anywhere in a command, whatever stands before them.
const WATCHED: [&str; 72] = [
    "rm",
    "rmdir",
    "unlink",
    "shred",
    "srm",
    "wipe",
    "find",
    "dd",
    "mkfs",
    "mke2fs",
    "mkswap",
    "wipefs",
    "fdisk",
    "sfdisk",
    "cfdisk",
    "gdisk",
    "sgdisk",
    "parted",
    "blkdiscard",
    "diskutil",
    "cryptsetup",
    "shutdown",
    "reboot",
    "halt",
    "poweroff",
    "init",
    "telinit",
    "systemctl",
    "loginctl",
    "chmod",
    "chown",
    "chgrp",
    "truncate",
    "mv",
    "kill",
    "killall",
    "pkill",
    "git",
    "docker",
    "podman",
    "kubectl",
    "helm",
    "terraform",
    "tofu",
    "pulumi",
    "npm",
    "pnpm",
    "yarn",
    "cargo",
    "twine",
    "gem",
    "poetry",
    "uv",
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "mongosh",
    "redis-cli",
    "dropdb",
    "rsync",
    "tee",
    "cp",
    "aws",
    "gcloud",
    "az",
    "gsutil",
    "crontab",
    "lvremove",
    "vgremove",
    "zpool",
    "sh",
];

/// Programs that make or wipe file systems and disks.
const DISK_TOOLS: [&str; 14] = [
    "mke2fs",
    "mkswap",
    "wipefs",
    "fdisk",
    "sfdisk",
    "cfdisk",
    "gdisk",
    "sgdisk",
    "parted",
    "blkdiscard",
    "lvremove",
    "vgremove",
    "pvremove",
    "mkntfs",
];

/// What stops a machine when told to the service manager.
const STOPS: [&str; 8] = [
    "poweroff",
    "reboot",
    "halt",
    "kexec",
    "suspend",
    "hibernate",
    "rescue",
    "emergency",
];

/// The watched programs that a pattern in place of a name could stand for.
pub(super) fn matching(pattern: &str) -> Vec<&'static str> {
    let name = pattern.rsplit('/').next().unwrap_or(pattern);
    match globset::Glob::new(name) {
        Ok(glob) => {
            let glob = glob.compile_matcher();
            WATCHED
                .iter()
                .copied()
                .filter(|name| glob.is_match(name))
                .collect()
        }
        Err(_) => WATCHED.to_vec(),
    }
}

pub(super) fn is_watched(name: &str) -> bool {
    WATCHED.contains(&name) || name.starts_with("mkfs.")
}

/// Why a command is a hard block, if it is.
pub(super) fn reason(
    walker: &Walker<'_>,
    program: &str,
    argv: &[Field],
    scope: &Scope,
) -> Option<String> {
    let arguments = argv.get(1..).unwrap_or_default();
    let worst = |fields: Vec<&Field>| {
        fields
            .into_iter()
            .find_map(|field| walker.spot(field, scope).catastrophe())
    };
    match program {
        "rm" | "srm" | "wipe" => {
            let is_deep = has_flag(arguments, &['r', 'R'], &["--recursive"]);
            if arguments
                .iter()
                .any(|field| field.text == "--no-preserve-root")
            {
                return Some("it deletes the root folder".to_owned());
            }
            let target = worst(operands(arguments).collect())?;
            let is_swept = operands(arguments).any(|field| field.pattern.is_some());
            (is_deep || (is_swept && target != "the workspace or a folder around it"))
                .then(|| format!("it deletes {target} with all that is in it"))
        }
        "find" | "gfind" => find(arguments, walker, scope),
        "mv" => {
            let count = operands(arguments).count();
            let target = worst(operands(arguments).take(count.saturating_sub(1)).collect())?;
            Some(format!("it moves {target} away"))
        }
        "rsync"
            if arguments
                .iter()
                .any(|field| field.text.starts_with("--del")) =>
        {
            let target = worst(operands(arguments).last().into_iter().collect())?;
            Some(format!("it deletes what is in {target}"))
        }
        "chmod" | "chown" | "chgrp" if has_flag(arguments, &['R'], &["--recursive"]) => {
            let mut targets = operands(arguments).skip(1);
            let spot = targets.find_map(|field| match walker.spot(field, scope) {
                spot @ (Spot::Root | Spot::Home) => spot.catastrophe(),
                _ => None,
            })?;
            Some(format!("it changes the access to all of {spot}"))
        }
        "dd" | "tee" | "shred" | "truncate" => device(arguments.iter(), walker, scope),
        "cp" | "install" => device(operands(arguments).last().into_iter(), walker, scope),
        _ => machine(program, arguments),
    }
}

/// Writing to a disk.
fn device<'a>(
    mut targets: impl Iterator<Item = &'a Field>,
    walker: &Walker<'_>,
    scope: &Scope,
) -> Option<String> {
    let is_device = targets.any(|field| {
        let text = field.text.strip_prefix("of=").unwrap_or(&field.text);
        walker.spot(&Field::literal(text), scope) == Spot::Device
    });
    is_device.then(|| "it writes to a disk".to_owned())
}

fn machine(program: &str, arguments: &[Field]) -> Option<String> {
    let first = operands(arguments)
        .next()
        .map(|field| field.text.as_str())
        .unwrap_or_default();
    let only_tells =
        matches!(arguments, [only] if matches!(only.text.as_str(), "--help" | "--version"));
    if only_tells {
        return None;
    }
    let has = |word: &str| arguments.iter().any(|field| field.text == word);
    let is_off = match program {
        "shutdown" | "reboot" | "halt" | "poweroff" => !has("-c"),
        "init" | "telinit" => matches!(first, "0" | "1" | "6" | "s" | "S"),
        "systemctl" | "loginctl" => arguments
            .iter()
            .any(|field| STOPS.contains(&field.text.as_str())),
        // Process 1 is the system's first, and -1 stands for all.
        "kill" => arguments
            .iter()
            .enumerate()
            .any(|(at, field)| field.text == "1" || (at > 0 && field.text == "-1")),
        "killall5" => true,
        _ => false,
    };
    if is_off {
        return Some("it stops the machine or all its processes".to_owned());
    }
    let only_lists =
        (program.ends_with("fdisk") || program == "parted") && (has("-l") || has("--list"));
    let is_disk_tool = DISK_TOOLS.contains(&program)
        || program == "mkfs"
        || program.starts_with("mkfs.")
        || (program == "cryptsetup" && first == "luksFormat")
        || (program == "zpool" && matches!(first, "destroy" | "create"))
        || (program == "diskutil" && first.to_lowercase().contains("erase"))
        || (program == "hdparm"
            && arguments
                .iter()
                .any(|field| field.text.starts_with("--security-erase")));
    (is_disk_tool && !only_lists)
        .then(|| format!("`{program}` makes or wipes a disk or file system"))
}

fn find(arguments: &[Field], walker: &Walker<'_>, scope: &Scope) -> Option<String> {
    if !arguments.iter().any(|field| field.text == "-delete") || is_filtered(arguments) {
        return None;
    }
    let here = [Field::literal(".")];
    let places: Vec<&Field> = find_places(arguments).collect();
    let places = if places.is_empty() {
        here.iter().collect()
    } else {
        places
    };
    let target = places
        .into_iter()
        .find_map(|field| walker.spot(field, scope).catastrophe())?;
    Some(format!("it deletes {target} with all that is in it"))
}

/// What `find` hands to the commands it runs: a place it searches, or something unknown in it.
pub(super) fn find_subject(arguments: &[Field]) -> String {
    let place = find_places(arguments)
        .next()
        .map_or(".", |field| field.text.as_str());
    if is_filtered(arguments) {
        format!("{}/{UNKNOWN}", place.trim_end_matches('/'))
    } else {
        place.to_owned()
    }
}

fn find_places(arguments: &[Field]) -> impl Iterator<Item = &Field> {
    arguments
        .iter()
        .skip_while(|field| matches!(field.text.as_str(), "-L" | "-H" | "-P"))
        .take_while(|field| {
            !field.text.starts_with('-') && !matches!(field.text.as_str(), "(" | "!")
        })
}

/// Whether a search leaves anything out.
fn is_filtered(arguments: &[Field]) -> bool {
    const FILTERS: [&str; 20] = [
        "-name",
        "-iname",
        "-path",
        "-ipath",
        "-wholename",
        "-regex",
        "-iregex",
        "-size",
        "-mtime",
        "-mmin",
        "-newer",
        "-atime",
        "-ctime",
        "-amin",
        "-cmin",
        "-empty",
        "-user",
        "-group",
        "-perm",
        "-inum",
    ];
    arguments.windows(2).any(|pair| {
        FILTERS.contains(&pair[0].text.as_str()) && !matches!(pair[1].text.as_str(), "*" | "**")
    })
}

/// Texts of other languages that do the same.
pub(super) fn in_code(
    walker: &Walker<'_>,
    code: &str,
    literals: &[Field],
    scope: &Scope,
) -> Option<String> {
    let flat: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let removes = [
        "rmtree(",
        "rmSync(",
        "rm_rf",
        "remove_tree",
        "deltree",
        "removeAll",
        "rimraf",
    ]
    .iter()
    .any(|name| flat.contains(name));
    if removes {
        let target = literals
            .iter()
            .skip(1)
            .find_map(|field| walker.spot(field, scope).catastrophe());
        if let Some(target) = target {
            return Some(format!("it deletes {target} with all that is in it"));
        }
    }
    let forks = flat.contains("fork")
        && ["while", "for(;;)", "loop", "until"]
            .iter()
            .any(|word| flat.contains(word));
    if forks {
        return Some("it starts itself over and over (a fork bomb)".to_owned());
    }
    let opens_disk = literals
        .iter()
        .skip(1)
        .any(|field| walker.spot(field, scope) == Spot::Device);
    (opens_disk
        && ["'w", "\"w", "'a", "\"a", "r+", "write"]
            .iter()
            .any(|word| flat.contains(word)))
    .then(|| "it writes to a disk".to_owned())
}

/// Whether a short flag stands alone or in a cluster, or a long one in full or abbreviated.
pub(super) fn has_flag(arguments: &[Field], letters: &[char], words: &[&str]) -> bool {
    arguments
        .iter()
        .take_while(|field| field.text != "--")
        .any(|field| {
            let text = field.text.as_str();
            match text.strip_prefix("--") {
                Some(rest) => rest.len() >= 2 && words.iter().any(|word| word.starts_with(text)),
                None => text
                    .strip_prefix('-')
                    .is_some_and(|rest| rest.contains(letters)),
            }
        })
}

/// The arguments that are no options.
pub(super) fn operands(arguments: &[Field]) -> impl Iterator<Item = &Field> {
    let end = arguments
        .iter()
        .position(|field| field.text == "--")
        .unwrap_or(arguments.len());
    arguments
        .iter()
        .enumerate()
        .filter(move |(at, field)| {
            *at > end || (*at < end && (!field.text.starts_with('-') || field.text == "-"))
        })
        .map(|(_, field)| field)
}
