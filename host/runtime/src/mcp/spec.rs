//! From an entry of the settings to what is to be started or reached, and the hash that an approval is for.

use super::seen::Seen;
use crate::config::{McpServer, references_in};
use crate::hex::hex;
use anteroom_api::{McpFolder, McpReach, McpTransport, McpTrust};
use anteroom_tools::{
    CALL_TIMEOUT, CONNECT_TIMEOUT, HttpSpec, ServerFolder, ServerId, ServerSpec, ServerTransport,
    StdioSpec, server_origin,
};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Folder of the servers' own folders, in the data folder.
const FOLDER: &str = "servers";
/// In it: the folders of bundles' servers. No server is called so.
const OF_BUNDLES: &str = "@bundles";

/// Where the servers of this process live.
pub(super) struct Site<'a> {
    pub(super) data: &'a Path,
    /// The project's tools folder.
    pub(super) project: &'a Path,
    pub(super) ca_file: Option<&'a Path>,
    /// Whose folder is whose, of bundles.
    pub(super) bundles: &'a BTreeMap<String, PathBuf>,
}

pub(super) fn id(server: &McpServer, project: &Path) -> ServerId {
    ServerId {
        name: server.filled.name.clone(),
        place: server.is_project.then(|| project.to_path_buf()),
    }
}

/// What there should be, and whether exactly that was approved.
pub(super) fn spec(seen: &Seen, site: &Site<'_>, is_approved: bool) -> ServerSpec {
    let server = &seen.server;
    let entry = &server.filled;
    let id = id(server, site.project);
    let seconds = |wanted: Option<f64>, usual| {
        let wanted = wanted.map(Duration::try_from_secs_f64);
        wanted.and_then(Result::ok).unwrap_or(usual)
    };
    ServerSpec {
        is_allowed_to_start: is_approved,
        approved: seen.found().filter(|_| is_approved).cloned(),
        transport: transport(server, site),
        include: entry.tools_include.clone(),
        exclude: entry.tools_exclude.clone(),
        is_trusted: entry.trust == Some(McpTrust::Trusted),
        is_enabled: entry.enabled.unwrap_or(true),
        connect_timeout: seconds(entry.connect_timeout, CONNECT_TIMEOUT),
        call_timeout: seconds(entry.timeout, CALL_TIMEOUT),
        id,
    }
}

/// Whether a person has to approve it: a program, and an address that others named and that is told what the user's
/// own environment holds.
pub(super) fn needs_approval(server: &McpServer) -> bool {
    let written = &server.written;
    let is_others = server.is_project || server.bundle.is_some();
    let mut told = written.url.iter().chain(written.headers.values());
    written.command.is_some() || (is_others && told.any(|text| !references_in(text).is_empty()))
}

/// The program of a server that is one.
pub(super) fn program(server: &McpServer, site: &Site<'_>) -> Option<StdioSpec> {
    let entry = &server.filled;
    let id = id(server, site.project);
    Some(StdioSpec {
        command: entry.command.clone()?,
        args: entry.args.clone(),
        env: entry.env.clone(),
        folder: folder(server, &id, site),
        folders: folders(server)
            .into_iter()
            .map(|folder| ServerFolder {
                path: PathBuf::from(folder.path),
                is_writable: folder.is_writable,
            })
            .collect(),
        network: entry.network.unwrap_or(false),
    })
}

fn transport(server: &McpServer, site: &Site<'_>) -> ServerTransport {
    let entry = &server.filled;
    if let Some(program) = program(server, site) {
        return ServerTransport::Stdio(program);
    }
    let url = entry.url.clone().unwrap_or_default();
    match entry.transport.as_deref() {
        Some("sse") => ServerTransport::Sse { url },
        _ => ServerTransport::Http(HttpSpec {
            url,
            headers: entry.headers.clone(),
            ca_file: site.ca_file.map(Path::to_path_buf),
        }),
    }
}

/// A server's own folder. Two projects may name their servers alike, and two people their bundles.
fn folder(server: &McpServer, id: &ServerId, site: &Site<'_>) -> PathBuf {
    if let Some(bundle) = &server.bundle {
        let whose = site.bundles.get(bundle).cloned();
        let whose = whose.unwrap_or_else(|| Path::new(bundle).join("unknown"));
        let all = servers_folder(site.data).join(OF_BUNDLES);
        return all.join(whose).join(&id.name);
    }
    match &id.place {
        None => own_folder(site.data, &id.name),
        Some(place) => {
            let place = hex(&Sha256::digest(place.as_os_str().as_encoded_bytes()));
            servers_folder(site.data).join(format!("{}-{}", id.name, &place[..12]))
        }
    }
}

/// The folder of all servers' folders.
pub(super) fn servers_folder(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

/// The folder of one of the user's own servers.
pub(super) fn own_folder(data: &Path, server: &str) -> PathBuf {
    servers_folder(data).join(server)
}

/// The folder of the folders of a bundle's servers, whoever made it.
pub(super) fn bundle_folder(data: &Path, bundle: &str) -> PathBuf {
    servers_folder(data).join(OF_BUNDLES).join(bundle)
}

fn folders(server: &McpServer) -> Vec<McpFolder> {
    let folders = server.filled.folders.iter();
    let folders = folders.map(|written| match written.strip_suffix(":rw") {
        Some(path) => (path, true),
        None => (written.as_str(), false),
    });
    let folders = folders.map(|(path, is_writable)| McpFolder {
        path: path.to_owned(),
        is_writable,
    });
    folders.collect()
}

/// What a person approves: everything that decides what is started, with what, and what it reaches, by the paths that
/// things have now, with what of the sandbox is missing. The environment as it is written: what `${NAME}` stands for
/// may be a secret that changes.
pub(super) fn hash(server: &McpServer, project: &Path, reach: Option<&McpReach>) -> String {
    let entry = &server.filled;
    let place = server.is_project.then(|| project.display().to_string());
    let written = &server.written;
    let text = serde_json::json!([
        "anteroom mcp server 2",
        entry.name,
        place,
        server.bundle,
        entry.command,
        entry.args,
        written.env,
        entry.url,
        written.headers,
        entry.folders,
        entry.network.unwrap_or(false),
        reach,
    ]);
    hex(&Sha256::digest(text.to_string().as_bytes()))
}

/// How it is reached, as it is written: what was filled in may be secret.
pub(super) fn shown_transport(server: &McpServer) -> McpTransport {
    let entry = &server.written;
    let headers = with_references(&entry.headers);
    if let Some(command) = &entry.command {
        let filled = server.filled.command.as_ref();
        return McpTransport::Stdio {
            command: match command.contains("${") {
                true => command.clone(),
                false => filled.unwrap_or(command).clone(),
            },
            args: entry.args.clone(),
            env: with_references(&entry.env),
            folders: folders(server),
            network: entry.network.unwrap_or(false),
        };
    }
    let url = entry.url.clone().unwrap_or_default();
    match entry.transport.as_deref() {
        Some("sse") => McpTransport::Sse { url, headers },
        _ => McpTransport::Http {
            origin: match references_in(&url).is_empty() {
                true => None,
                false => server.filled.url.as_deref().and_then(server_origin),
            },
            url,
            headers,
        },
    }
}

/// The names, each with the variables of the user's own that its value is made of: what is handed over is seen, what
/// it is worth is not.
fn with_references(pairs: &BTreeMap<String, String>) -> Vec<String> {
    let one = |(name, value): (&String, &String)| {
        let references = references_in(value);
        match references.is_empty() {
            true => name.clone(),
            false => format!("{name}={references}"),
        }
    };
    pairs.iter().map(one).collect()
}

/// The same line by line, for the record; what a program reaches is told beside it.
pub(super) fn in_lines(transport: &McpTransport) -> Vec<String> {
    match transport {
        McpTransport::Http {
            url,
            origin,
            headers,
        } => {
            let mut lines = vec![format!("address {url}")];
            lines.extend(origin.iter().map(|origin| format!("comes to {origin}")));
            lines.extend(headers.iter().map(|header| format!("header {header}")));
            lines
        }
        McpTransport::Sse { url, .. } => vec![format!("address {url}")],
        McpTransport::Stdio {
            command,
            args,
            env,
            network,
            ..
        } => {
            let mut words = serde_json::json!([command])[0].to_string();
            for arg in args {
                words = format!("{words} {}", serde_json::json!(arg));
            }
            let mut lines = vec![format!("command {words}")];
            lines.extend(env.iter().map(|name| format!("environment {name}")));
            lines.push(match network {
                true => "with the network".to_owned(),
                false => "without the network".to_owned(),
            });
            lines
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::{McpEntry, McpPath, McpPathKind};

    fn server(change: impl FnOnce(&mut McpEntry)) -> McpServer {
        let mut entry = McpEntry {
            name: "time".into(),
            command: Some("uvx".into()),
            args: vec!["mcp-server-time".into()],
            ..McpEntry::default()
        };
        entry.env.insert("KEY".into(), "one".into());
        change(&mut entry);
        McpServer {
            written: entry.clone(),
            filled: entry,
            is_project: false,
            bundle: None,
            place: String::new(),
        }
    }

    #[test]
    fn an_approval_is_for_everything_that_decides_what_runs() {
        let project = Path::new("/work/.anteroom/tools");
        let reach = |real: &str, missing: &[&str]| McpReach {
            paths: vec![McpPath {
                what: McpPathKind::Program,
                path: "/usr/bin/uvx".into(),
                real: Some(real.into()),
                is_writable: false,
            }],
            missing: missing.iter().map(|wall| (*wall).to_owned()).collect(),
        };
        let found = reach("/usr/bin/uvx", &[]);
        let hash_of = |server: &McpServer, reach: &McpReach| hash(server, project, Some(reach));
        let hash = |server: &McpServer| hash_of(server, &found);
        let usual = hash(&server(|_| {}));
        // Another value of a secret is no other command: it is filled in from the user's own environment.
        let filled = |value: &str| {
            let mut server = server(|entry| {
                entry.env.insert("KEY".into(), "${MY_KEY}".into());
            });
            server.filled.env.insert("KEY".into(), value.into());
            server
        };
        assert_eq!(hash(&filled("one")), hash(&filled("two")));
        let McpTransport::Stdio { env, .. } = shown_transport(&filled("one")) else {
            panic!("a program");
        };
        assert_eq!(env, ["KEY=${MY_KEY}"]);
        let others = [
            server(|entry| {
                entry.env.insert("KEY".into(), "two".into());
            }),
            filled("one"),
            server(|entry| entry.command = Some("/tmp/uvx".into())),
            server(|entry| entry.args.push("--evil".into())),
            server(|entry| {
                entry.env.insert("LD_PRELOAD".into(), "x".into());
            }),
            server(|entry| entry.folders.push("/home".into())),
            server(|entry| entry.network = Some(true)),
            McpServer {
                is_project: true,
                ..server(|_| {})
            },
            McpServer {
                bundle: Some("team".into()),
                ..server(|_| {})
            },
        ];
        for other in others {
            assert_ne!(usual, hash(&other), "{:?}", other.filled);
        }
        // Another program at the same path, or fewer walls, is something else.
        for other in [reach("/tmp/uvx", &[]), reach("/usr/bin/uvx", &["a wall"])] {
            assert_ne!(usual, hash_of(&server(|_| {}), &other), "{other:?}");
        }
        let site = Site {
            data: Path::new("/data"),
            project,
            ca_file: None,
            bundles: &BTreeMap::new(),
        };
        let seen = Seen {
            server: server(|_| {}),
            reach: Some(Ok(found.clone())),
            hash: usual,
        };
        let approved = spec(&seen, &site, true);
        assert!(approved.is_allowed_to_start && approved.approved == Some(found.clone()));
        let waiting = spec(&seen, &site, false);
        assert!(!waiting.is_allowed_to_start && waiting.approved.is_none());
    }

    #[test]
    fn an_address_of_others_that_is_told_a_variable_needs_an_approval() {
        let far = |url: &str, value: &str| {
            server(|entry| {
                entry.command = None;
                entry.args.clear();
                entry.url = Some(url.into());
                entry.headers.insert("X".into(), value.into());
            })
        };
        let of_project = |server: McpServer| McpServer {
            is_project: true,
            ..server
        };
        let of_bundle = |server: McpServer| McpServer {
            bundle: Some("team".into()),
            ..server
        };
        let plain = || far("https://a.example/mcp", "one");
        let header = || far("https://a.example/mcp", "Bearer ${TOKEN}");
        let address = || far("https://a.example/${TOKEN}", "one");
        assert!(!needs_approval(&header()) && !needs_approval(&address()));
        assert!(!needs_approval(&of_project(plain())) && !needs_approval(&of_bundle(plain())));
        for told in [header(), address()] {
            assert!(needs_approval(&of_project(told.clone())));
            assert!(needs_approval(&of_bundle(told)));
        }
        let mut moved = far("https://${HOST}/mcp", "one");
        moved.filled.url = Some("https://b.example/mcp".into());
        let McpTransport::Http { url, origin, .. } = shown_transport(&moved) else {
            panic!("an address")
        };
        assert_eq!(url, "https://${HOST}/mcp");
        assert_eq!(origin.as_deref(), Some("https://b.example"));
    }
}
