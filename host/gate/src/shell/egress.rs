//! Which commands reach the network, so that data can leave with them and text from outside comes in. The table
//! serves conversations that hold content from outside; what keeps processes off the network is the sandbox.

use super::field::Field;
use super::hard::operands;

/// Programs whose purpose is to reach other machines, whatever their arguments.
const ALWAYS: &str = "\
    curl wget wget2 aria2c axel http https xh httpie lynx links elinks w3m nc ncat netcat socat ftp \
    tftp sftp lftp ncftp telnet ssh slogin rsh rlogin mosh autossh sshfs ssh-copy-id rclone croc \
    wormhole magic-wormhole transfer ffsend syncthing yt-dlp youtube-dl smbclient mount.cifs \
    mount.nfs grpcurl websocat wscat mosquitto_pub mosquitto_sub kcat kafkacat amqp-publish nats \
    stunnel ping ping6 fping hping3 traceroute tracepath mtr dig nslookup host drill whois nmap \
    masscan nsupdate snmpget snmpwalk ldapsearch finger iperf iperf3 ab wrk hey siege speedtest \
    speedtest-cli mail mailx sendmail mutt neomutt msmtp swaks mpack telegram-send slack ngrok \
    cloudflared localtunnel lt tailscale openvpn wg-quick proxychains proxychains4 torsocks torify \
    gh glab hub tea aws gcloud gsutil bq az doctl heroku flyctl fly vercel netlify wrangler supabase \
    firebase railway linode-cli hcloud s3cmd s5cmd mc b2 azcopy kubectl oc k9s helm terraform tofu \
    terragrunt pulumi ansible ansible-playbook vault op bw twine skopeo crane oras cosign \
    huggingface-cli ollama llm openai apt apt-get aptitude dnf yum microdnf zypper apk pacman yay \
    brew port snap flatpak nix nix-env nix-shell guix pipx npx bunx uvx pkg winget choco scoop conda \
    mamba micromamba nvm fnm volta asdf mise rustup cargo-binstall corepack git-lfs degit tldr psql \
    mysql mariadb mongosh mongo redis-cli sqlcmd clickhouse-client cqlsh mysqldump pg_dump \
    pg_restore mongodump xdg-open open sensible-browser www-browser firefox chromium \
    chromium-browser google-chrome chrome brave-browser microsoft-edge safari";

/// Programs of which some subcommands reach the network; a dash stands for the bare program.
const SUBCOMMANDS: &[(&str, &str)] = &[
    (
        "git",
        "\
        push fetch pull clone ls-remote remote submodule send-email svn lfs request-pull send-pack \
        fetch-pack http-push http-fetch remote-http remote-https remote-ext imap-send daemon \
        instaweb p4 cvsimport maintenance annex archive upload-pack receive-pack",
    ),
    (
        "hg jj fossil bzr pijul darcs",
        "push pull clone git incoming outgoing send sync",
    ),
    (
        "svn",
        "checkout co commit ci update up export import switch ls log",
    ),
    (
        "npm pnpm yarn bun",
        "\
        - install i add ci update upgrade up publish unpublish deprecate dist-tag view info search \
        audit outdated login adduser whoami exec x dlx create init link ping token owner fund npm \
        pack access org install-test it cit rebuild dedupe import fetch remove uninstall pm",
    ),
    (
        "cargo",
        "\
        publish install fetch update search add login logout yank owner info binstall vendor \
        generate-lockfile audit outdated upgrade",
    ),
    (
        "pip pip2 pip3",
        "install download search index wheel uninstall list",
    ),
    (
        "uv",
        "add sync pip publish tool lock python run remove self init",
    ),
    (
        "poetry pdm hatch flit rye",
        "add install update publish lock sync self search run env",
    ),
    ("pipenv", "install update sync lock check"),
    ("gem", "install push fetch update yank search owner signin"),
    ("bundle bundler", "- install update add outdated lock cache"),
    (
        "composer",
        "install update require create-project global self-update search show",
    ),
    ("go", "get install mod generate"),
    ("dotnet", "restore add nuget tool workload publish new"),
    (
        "mvn mvnw",
        "deploy dependency:get dependency:resolve site-deploy release:perform",
    ),
    ("mix", "deps.get deps.update hex.publish local.hex"),
    ("dart flutter", "pub upgrade packages"),
    ("swift", "package"),
    ("opam", "install update upgrade publish"),
    ("cabal stack", "update install upload get fetch"),
    ("luarocks", "install upload download search"),
    ("cpan cpanm", "-"),
    (
        "docker podman nerdctl buildah",
        "\
        push pull login logout build buildx run compose search image create exec stack service \
        context swarm manifest plugin bud",
    ),
    ("docker-compose", "up pull push build run exec"),
    ("vagrant", "up box ssh push login upload"),
    ("openssl", "s_client s_server ocsp s_time"),
    ("getent", "hosts ahosts ahostsv4 ahostsv6"),
    ("deno", "install cache add publish upgrade"),
    ("systemctl service", "start restart"),
];

/// Modules that an interpreter is told to run by name.
const MODULES: &[&str] = &[
    "pip",
    "http",
    "smtp",
    "ftp",
    "telnet",
    "urllib",
    "twine",
    "webbrowser",
    "ensurepip",
    "SimpleHTTPServer",
    "uv",
    "poetry",
];

/// Of the programs above, those whose names are hardly anything else, so that they are looked for anywhere.
const STRONG: &[&str] = &[
    "curl", "wget", "nc", "ncat", "netcat", "socat", "ssh", "scp", "sftp", "rsync", "telnet",
    "rclone", "aws", "gcloud", "gsutil", "kubectl", "sendmail", "nslookup", "dig", "ping",
];

/// What a program in another language says when it reaches the network.
const IN_CODE: &[&str] = &[
    "http://",
    "https://",
    "ftp://",
    "ws://",
    "wss://",
    "socket",
    "urllib",
    "requests.",
    "httpx",
    "aiohttp",
    "http.client",
    "smtplib",
    "ftplib",
    "telnetlib",
    "fetch(",
    "axios",
    "require('net",
    "require(\"net",
    "dgram",
    "require('http",
    "require(\"http",
    "net::",
    "lwp",
    "net/http",
    "open-uri",
    "httparty",
    "faraday",
    "/inet/",
    "fsockopen",
    "curl_",
    "file_get_contents",
    "xmlhttprequest",
    "websocket",
    "paramiko",
    "gethostbyname",
    "getaddrinfo",
    "resolv",
    "dns.",
    "net.connect",
    "net.dial",
    "io.popen",
    "boto3",
];

/// Programs that do what they do on this machine, or start others that are judged by themselves.
const LOCAL: &str = "\
    echo printf true false : cd pwd pushd popd mkdir rmdir touch rm cp mv ln chmod chown chgrp \
    truncate tee cat tac head tail sort uniq wc cut tr sed grep egrep fgrep rg ag ack find fd fdfind \
    xargs env nice nohup timeout time command builtin exec test [ expr seq date sleep basename \
    dirname realpath readlink stat file du df ls tree diff cmp comm patch gzip gunzip zcat xz bzip2 \
    zstd zip unzip tar gtar rsync base64 base32 xxd od hexdump md5sum sha1sum sha256sum sha512sum cksum kill which \
    type whereis id whoami groups uname hostname ps pgrep free uptime read export set unset alias \
    unalias local declare typeset readonly let eval exit return wait jobs shift trap hash shopt \
    enable umask ulimit getopts mapfile readarray jq yq rev nl fold fmt column paste join split \
    mktemp yes tsort shuf factor dd sync install unlink shred man info help history dirs bg fg \
    disown sudo doas sh bash zsh dash ksh";

/// How one command reaches the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It does not, or what it starts is judged by itself.
    None,
    /// It does, and what it prints comes from there.
    Sends,
    /// It does, and prints no more than how that went.
    OnlySends,
    /// Nobody knows.
    Unknown,
}

impl Reach {
    /// Whether it reaches the network for certain.
    pub(super) fn is_certain(self) -> bool {
        matches!(self, Self::Sends | Self::OnlySends)
    }
}

/// How a command reaches the network, by its name and arguments. What the command starts is asked for by itself.
pub(super) fn reach(program: &str, argv: &[Field]) -> Reach {
    let arguments = argv.get(1..).unwrap_or_default();
    let names_device = arguments.iter().any(|field| is_network_path(&field.text));
    if !names_device && only_sends(program, arguments) {
        return Reach::OnlySends;
    }
    if names_device || is_in(ALWAYS, program) || sends_by_arguments(program, arguments) {
        return Reach::Sends;
    }
    let of_program = SUBCOMMANDS.iter().find(|(names, _)| is_in(names, program));
    if let Some((_, subcommands)) = of_program {
        return by_subcommand(program, subcommands, arguments);
    }
    if is_in(LOCAL, program) {
        Reach::None
    } else {
        Reach::Unknown
    }
}

/// Commands that hand something over and bring nothing back but a word on how it went, so that a permission to use
/// them is good for more than once.
fn only_sends(program: &str, arguments: &[Field]) -> bool {
    const PUSH: [&str; 2] = ["push", "publish"];
    let mut words = operands(arguments)
        .map(|field| field.text.as_str())
        .skip_while(|word| word.starts_with('+'));
    let first = words.next().unwrap_or_default();
    match program {
        "git" | "docker" | "podman" | "npm" | "pnpm" | "bun" | "cargo" | "poetry" | "uv"
        | "flit" | "hatch" | "pdm" | "gem" | "hg" | "jj" => {
            PUSH.contains(&first) && arguments.iter().all(|field| field.is_literal())
        }
        "twine" => first == "upload",
        "mail" | "mailx" | "sendmail" | "msmtp" => true,
        _ => false,
    }
}

/// Whether a word is the name of a program that is hardly anything else than one that reaches the network.
pub(super) fn is_strong(word: &str) -> bool {
    STRONG.contains(&word)
}

/// The first such word in a text of which nothing else is known.
pub(super) fn strong_word(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| is_strong(word))
}

/// Whether a program in another language says that it reaches the network.
pub(super) fn is_in_code(code: &str) -> bool {
    let code = code.to_lowercase();
    IN_CODE.iter().any(|mark| code.contains(mark))
}

/// A path that a shell takes for a connection.
pub(super) fn is_network_path(text: &str) -> bool {
    text.contains("/dev/tcp/") || text.contains("/dev/udp/")
}

fn is_in(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

fn by_subcommand(program: &str, subcommands: &str, arguments: &[Field]) -> Reach {
    let mut words = operands(arguments).map(|field| field.text.as_str());
    // `cargo +nightly`, and values of options in front, are looked past: any operand may be the subcommand.
    let is_named = words.any(|word| is_in(subcommands, word));
    let is_bare = is_in(subcommands, "-") && operands(arguments).next().is_none();
    let is_unclear = arguments.iter().any(|field| field.has_unknown());
    if is_named || is_bare {
        return Reach::Sends;
    }
    match program {
        // Its hooks and filters are programs of the repository.
        "git" if !is_unclear => Reach::None,
        _ => Reach::Unknown,
    }
}

fn sends_by_arguments(program: &str, arguments: &[Field]) -> bool {
    let has_address =
        || operands(arguments).any(|field| field.text.contains("://") || is_remote(&field.text));
    let has_url = || arguments.iter().any(|field| field.text.contains("://"));
    match program {
        "rsync" | "scp" | "unison" | "rcp" | "tar" | "gtar" | "restic" | "borg" | "duplicity" => {
            has_address()
        }
        "gpg" | "gpg2" => arguments.iter().any(|field| {
            ["key", "refresh", "send", "recv", "search", "locate"]
                .iter()
                .any(|word| field.text.contains(word))
                && field.text.contains("key")
                && field.text.starts_with("--")
        }),
        "python" | "python2" | "python3" | "pypy3" | "node" | "ruby" | "perl" | "php" => {
            let module = arguments
                .iter()
                .position(|field| field.text == "-m")
                .and_then(|at| arguments.get(at + 1));
            module.is_some_and(|module| MODULES.iter().any(|name| module.text.starts_with(name)))
                || (program == "php" && arguments.iter().any(|field| field.text == "-S"))
        }
        "git" => arguments
            .iter()
            .any(|field| field.text.starts_with("--remote")),
        "docker" | "podman" => has_url(),
        _ => false,
    }
}

/// `host:path`, as `scp` and its kin take it; a colon behind a slash is part of a file name.
fn is_remote(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(host, _)| host.len() > 1 && !host.contains('/'))
}
