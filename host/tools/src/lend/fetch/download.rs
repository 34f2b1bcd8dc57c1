//! A file that a person named by its address: fetched whole, over TLS, within bounds, and believed in nothing.

use super::exchange::{client, in_words, resolve};
use super::target::{Named, Target};
use crate::net::{self, NoBody};
use crate::wasm::bindings::anteroom::tool::fetch::FetchError;
use reqwest::header::LOCATION;
use std::net::SocketAddr;
use std::time::Duration;

/// Which machines a download may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadReach {
    /// The one that is named, wherever it is.
    Named,
    /// Those of the public network alone: whoever names it is lent no more.
    Public,
}

impl DownloadReach {
    /// How the machine of an address is reached.
    fn of_first(self) -> Named {
        match self {
            Self::Named => Named::Literally,
            Self::Public => Named::None,
        }
    }
}

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// Redirects that are followed. Many places keep their files on another machine than their pages.
const REDIRECTS_MAX: usize = 5;

/// Fetches what lies at an address. Over `https`; over `http` from this machine itself only. The machine that was
/// named may be a private one if the reach says so; one that it sends on to may not.
///
/// # Errors
/// Why there is nothing, in words.
pub async fn download(url: &str, most_bytes: u64, reach: DownloadReach) -> Result<Vec<u8>, String> {
    match tokio::time::timeout(PATIENCE, fetch(url, most_bytes, reach)).await {
        Ok(fetched) => fetched,
        Err(_) => Err("it took too long".to_owned()),
    }
}

/// The name of the machine that an address leads to, and where it is on the public network.
///
/// # Errors
/// It is no address of `https`, or leads into a private network, in words.
pub(crate) async fn public_addresses(url: &str) -> Result<(String, Vec<SocketAddr>), String> {
    let target = Target::parse(url).map_err(words)?;
    target.check(Named::None)?;
    let found = resolve(&target, Named::None).await.map_err(words)?;
    Ok((target.name, found))
}

async fn fetch(url: &str, most_bytes: u64, reach: DownloadReach) -> Result<Vec<u8>, String> {
    let first = Target::parse(url).map_err(words)?;
    let mut target = first.clone();
    for _ in 0..=REDIRECTS_MAX {
        let named = match target.host == first.host {
            true => reach.of_first(),
            false => Named::None,
        };
        target.check(named)?;
        let addresses = resolve(&target, named).await.map_err(words)?;
        let client = client(&target, &addresses)?;
        let sent = client.get(target.url.clone()).send().await;
        let mut response = sent.map_err(|error| words(in_words(&error)))?;
        let status = response.status();
        if status.is_redirection() {
            let location = response.headers().get(LOCATION);
            let location = location.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
            target = next(&target, location.as_deref())?;
            continue;
        }
        if !status.is_success() {
            return Err(format!("`{}` answers {status}", target.host));
        }
        let most = usize::try_from(most_bytes).unwrap_or(usize::MAX);
        return net::body(&mut response, most)
            .await
            .map_err(|why| match why {
                NoBody::TooLong => format!("it is larger than {} MB", most_bytes >> 20),
                NoBody::Broken(error) => words(in_words(&error)),
            });
    }
    Err(format!("it redirects more than {REDIRECTS_MAX} times"))
}

/// Where it is sent on to; from TLS never to where there is none.
fn next(target: &Target, location: Option<&str>) -> Result<Target, String> {
    let nowhere = || "it redirects to no address".to_owned();
    let url = target
        .url
        .join(location.ok_or_else(nowhere)?)
        .map_err(|_| nowhere())?;
    let next = Target::of(url)?;
    match next.url.scheme() == target.url.scheme() {
        true => Ok(next),
        false => Err("it redirects to another scheme".to_owned()),
    }
}

fn words(error: FetchError) -> String {
    match error {
        FetchError::Denied(why) | FetchError::Failed(why) | FetchError::Invalid(why) => why,
        FetchError::TimedOut => "it took too long".to_owned(),
        FetchError::TooLarge => "it is too large".to_owned(),
        FetchError::Redirected(to) => format!("it redirects to {to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_keeps_its_scheme_and_says_where() {
        let from = Target::parse("https://a.test/x").unwrap();
        let to = |location| next(&from, location).map(|it| it.url.to_string());
        assert_eq!(
            to(Some("https://b.test/y")),
            Ok("https://b.test/y".to_owned())
        );
        for bad in [
            None,
            Some("http://a.test/"),
            Some("file:///etc/passwd"),
            Some("https://u:p@b.test/"),
        ] {
            assert!(to(bad).is_err(), "{bad:?}");
        }
    }

    /// Whoever may name hosts of the public network alone asks no other, however it is written, and is sent to no other.
    #[tokio::test]
    async fn a_private_host_is_asked_only_where_it_may_be_named() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in [
            "127.0.0.1",
            "localhost",
            "[::1]",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "[fc00::1]",
            "[fd12::1]",
            "[fe80::1]",
            "[::ffff:127.0.0.1]",
            "2130706433",
            "0x7f.1",
            "0.0.0.0",
        ] {
            let address = format!("https://{host}:{port}/x.abundle");
            let why = download(&address, 1024, DownloadReach::Public).await;
            let why = why.unwrap_err();
            assert!(why.contains("private network"), "{host}: {why}");
            let why = public_addresses(&address).await.unwrap_err();
            assert!(why.contains("private network"), "{host}: {why}");
            // Where it was sent on to, no host is one that was named.
            let from = Target::parse("https://a.test/x").unwrap();
            let sent_on = next(&from, Some(&address)).unwrap();
            let is_refused = match sent_on.check(Named::None) {
                Err(_) => true,
                Ok(()) => resolve(&sent_on, Named::None).await.is_err(),
            };
            assert!(is_refused, "{host}");
        }
        // Nobody was asked; whoever may name it asks, and is not understood.
        let asked = async { listener.accept().await.unwrap() };
        let own = format!("https://127.0.0.1:{port}/x.abundle");
        let (downloaded, stream) =
            tokio::join!(download(&own, 1024, DownloadReach::Named), async {
                drop(asked.await)
            });
        let (_, ()) = (downloaded.unwrap_err(), stream);
    }

    #[tokio::test]
    async fn only_tls_and_this_machine_are_asked() {
        for bad in [
            "http://example.org/x.abundle",
            "ftp://example.org/x",
            "https://",
            "file:///etc/passwd",
        ] {
            assert!(
                download(bad, 1024, DownloadReach::Named).await.is_err(),
                "{bad}"
            );
        }
    }
}
