//! Where to listen, and what must be so before anybody outside this machine is let near.

pub(crate) mod certificate;
pub(crate) mod descriptors;
pub(crate) mod owner;

use anteroom_api::{Problem, ProblemCode, SettingsReport};
use certificate::Certificate;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The address; loopback unless somebody says otherwise.
    pub address: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Whether to speak TLS, and with which certificate.
    pub tls: Option<Tls>,
    /// Names to answer to besides those of loopback, with a port or without.
    pub hosts: Vec<String>,
    /// Whether there is a password that opens sessions.
    pub has_password: bool,
}

/// Where a certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// One we make and keep in a folder.
    SelfSigned {
        /// The folder.
        folder: PathBuf,
    },
    /// Files of the user's.
    Files {
        /// The chain, PEM, our own first.
        certificate: PathBuf,
        /// The key, PEM.
        key: PathBuf,
    },
}

impl Listen {
    /// Loopback, without TLS.
    #[must_use]
    pub fn loopback(port: u16) -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            port,
            tls: None,
            hosts: Vec::new(),
            has_password: false,
        }
    }

    /// As the settings `app.host`, `app.port`, `app.tls…`, `app.hosts` and `app.password_hash` say.
    ///
    /// # Errors
    /// An `app.host` that is no address; a certificate without its key.
    pub fn from_settings(report: &SettingsReport) -> Result<Self, Problem> {
        let value = |key: &str| {
            let found = report.settings.iter().find(|setting| setting.key == key);
            found
                .map(|setting| setting.value.clone())
                .unwrap_or_default()
        };
        let text = |key: &str| {
            let value = value(key);
            let text = value
                .as_str()
                .map(str::trim)
                .filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let host = text("app.host").unwrap_or_else(|| "127.0.0.1".to_owned());
        let port = value("app.port")
            .as_u64()
            .and_then(|port| port.try_into().ok());
        let hosts = value("app.hosts");
        let hosts = hosts.as_array().into_iter().flatten();
        let files = (text("app.tls_cert"), text("app.tls_key"));
        let folder = Path::new(&report.path).parent().unwrap_or(Path::new("."));
        let tls = match (value("app.tls").as_str().unwrap_or("off"), files) {
            ("off", _) => None,
            ("files", (Some(certificate), Some(key))) => Some(Tls::Files {
                certificate: folder.join(certificate),
                key: folder.join(key),
            }),
            ("files", _) => {
                return Err(
                    invalid("`app.tls` is `files`, and one of them is not named").hint(
                        "set `app.tls_cert` and `app.tls_key`, or `app.tls` to `self-signed`",
                    ),
                );
            }
            _ => Some(Tls::SelfSigned {
                folder: folder.join("tls"),
            }),
        };
        Ok(Self {
            address: address(&host)?,
            port: port.unwrap_or(8080),
            tls,
            hosts: hosts.filter_map(Value::as_str).map(str::to_owned).collect(),
            has_password: text("app.password_hash").is_some(),
        })
    }

    /// Refuses to be reachable from outside without all that makes it safe.
    ///
    /// # Errors
    /// What is missing, all of it, and how to set it.
    pub(crate) fn check(&self, has_session: bool) -> Result<(), Problem> {
        if let Some(name) = self.hosts.iter().find(|name| !is_name(name)) {
            return Err(invalid(format!("`app.hosts` names `{name}`, which is no host name"))
                .hint("write names as they stand in the address bar: `box.example`, or `box.example:8443`"));
        }
        if self.address.is_loopback() {
            return Ok(());
        }
        let mut missing = Vec::new();
        if self.tls.is_none() {
            missing.push("TLS: `aroom config set app.tls self-signed`");
        }
        if self.hosts.is_empty() {
            missing.push("its names: `aroom config set app.hosts '[\"box.example\"]'`");
        }
        if !self.has_password && !has_session {
            missing.push("a password, or a browser that is signed in: `aroom password`, or open the page on this machine first");
        }
        if missing.is_empty() {
            return Ok(());
        }
        let refused = format!("will not listen on `{}` for other machines", self.address);
        let mut problem = Problem::new(ProblemCode::NotConfigured, refused);
        for one in missing {
            problem = problem.cause(format!("missing is {one}"));
        }
        Err(problem.hint("set what is missing, or `aroom config set app.host 127.0.0.1` to serve this machine alone"))
    }

    /// The certificate, made if there is to be one of our own.
    ///
    /// # Errors
    /// Files that cannot be read, written or understood.
    pub(crate) fn certificate(&self) -> Result<Option<Certificate>, Problem> {
        let names = || {
            let hosts = self.hosts.iter().map(|name| {
                let bare = name.rsplit_once(']').map(|(name, _)| name);
                let bare = bare.or_else(|| name.split(':').next()).unwrap_or(name);
                bare.trim_start_matches('[').to_ascii_lowercase()
            });
            let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
            let mut names: Vec<String> = own.into_iter().chain(hosts).collect();
            names.sort();
            names.dedup();
            names
        };
        match &self.tls {
            None => Ok(None),
            Some(Tls::SelfSigned { folder }) => Certificate::own(folder, &names()).map(Some),
            Some(Tls::Files { certificate, key }) => Certificate::read(certificate, key).map(Some),
        }
    }

    pub(crate) fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    /// The name to open it by, without a port.
    pub(crate) fn name(&self) -> String {
        match self.address {
            address if !address.is_loopback() => {
                let first = self.hosts.first().cloned().unwrap_or_default();
                match first.rsplit_once(':') {
                    Some((name, port)) if port.parse::<u16>().is_ok() => name.to_owned(),
                    _ => first,
                }
            }
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        }
    }
}

/// An address as people write it.
///
/// # Errors
/// A name other than `localhost`: whom it means is not ours to ask.
pub fn address(host: &str) -> Result<IpAddr, Problem> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse().map_err(|_| {
        invalid(format!("`{host}` is no address to listen on"))
            .hint("give an IP address, for example `127.0.0.1`; names belong into `app.hosts`")
    })
}

fn is_name(name: &str) -> bool {
    let bare = match name.rsplit_once(':') {
        Some((bare, port)) if !bare.contains(':') || bare.ends_with(']') => {
            if port.parse::<u16>().is_err() {
                return false;
            }
            bare
        }
        _ => name,
    };
    if let Some(inner) = bare
        .strip_prefix('[')
        .and_then(|bare| bare.strip_suffix(']'))
    {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !bare.is_empty()
        && bare.len() <= 253
        && !bare.ends_with('.')
        && bare
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn invalid(error: impl Into<String>) -> Problem {
    Problem::new(ProblemCode::InvalidConfig, error)
}
