//! Who has a port that is taken, and which one is free.

use anteroom_api::{Problem, ProblemCode};
use std::net::{IpAddr, SocketAddr, TcpListener};

/// A port that cannot be listened on, with who has it and what to do.
pub(crate) fn in_use(socket: SocketAddr) -> Problem {
    let port = socket.port();
    let taken = format!("port {port} is taken");
    let mut problem = Problem::new(ProblemCode::Conflict, taken);
    if let Some(owner) = owner(port) {
        problem = problem.cause(format!("{owner} listens on it"));
    }
    let free = free(socket.ip());
    let other = free.map_or_else(|| "PORT".to_owned(), |port| port.to_string());
    problem.hint(format!(
        "use another one, `aroom --port {other}`, now or for good with `AI_CHAT_PORT={other}`"
    ))
}

fn free(address: IpAddr) -> Option<u16> {
    let listener = TcpListener::bind((address, 0)).ok()?;
    Some(listener.local_addr().ok()?.port())
}

/// A process as people find it again: its name and number. Only processes of the same user show what they hold.
#[cfg(target_os = "linux")]
fn owner(port: u16) -> Option<String> {
    let sockets = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(|table| {
            let table = std::fs::read_to_string(table).unwrap_or_default();
            let inodes: Vec<String> = table
                .lines()
                .filter_map(|line| listening(line, port))
                .collect();
            inodes
        });
    let sockets: Vec<String> = sockets.map(|inode| format!("socket:[{inode}]")).collect();
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let pid = process.file_name().to_string_lossy().into_owned();
        if !pid.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let Ok(files) = std::fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        for file in files.flatten() {
            let target = std::fs::read_link(file.path()).unwrap_or_default();
            if sockets
                .iter()
                .any(|socket| target.as_os_str() == socket.as_str())
            {
                let name = std::fs::read_to_string(process.path().join("comm"));
                let name = name.unwrap_or_default();
                return Some(format!("`{}` (process {pid})", name.trim()));
            }
        }
    }
    None
}

#[cfg(not(target_os = "linux"))]
fn owner(_: u16) -> Option<String> {
    None
}

/// The inode of a line of `/proc/net/tcp` that listens on `port`.
#[cfg(target_os = "linux")]
fn listening(line: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, local) = fields.get(1)?.rsplit_once(':')?;
    let is_it = u16::from_str_radix(local, 16) == Ok(port) && *fields.get(3)? == LISTEN;
    is_it.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_its_owner_and_a_free_one() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = taken.local_addr().unwrap();
        let problem = in_use(socket);
        assert!(problem.error.contains(&socket.port().to_string()));
        let hint = problem.hint.unwrap();
        assert!(
            hint.contains("aroom --port ") && hint.contains("AI_CHAT_PORT="),
            "{hint}"
        );
        assert!(!hint.contains(&format!("--port {}`", socket.port())));
        if cfg!(target_os = "linux") {
            let own = format!("(process {})", std::process::id());
            assert!(problem.causes[0].contains(&own), "{:?}", problem.causes);
        }
    }
}
