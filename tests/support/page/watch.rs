//! What a page did that it must not, and what it loaded.

use super::{ALARM, Page};
use crate::support::chromium::Event;
use serde_json::Value;
use std::collections::BTreeMap;

/// A request of the context, as far as it came.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub url: String,
    pub kind: String,
    /// The size on the wire, headers included; 0 while it runs.
    pub bytes: f64,
    pub status: i64,
}

impl Page {
    /// Errors on the console of any page, frame or worker, uncaught exceptions, failed loads.
    pub fn console_errors(&self) -> Vec<String> {
        self.seen().look(|events| {
            let errors = events
                .iter()
                .filter_map(|event| match event.method.as_str() {
                    "Runtime.exceptionThrown" => {
                        let thrown = &event.params["exceptionDetails"];
                        let described = thrown["exception"]["description"].as_str();
                        let text = described.or(thrown["text"].as_str());
                        Some(format!("uncaught: {}", text.unwrap_or_default()))
                    }
                    "Runtime.consoleAPICalled" => {
                        let kind = event.params["type"].as_str()?;
                        let is_error = ["error", "assert", "warning"].contains(&kind);
                        is_error.then(|| format!("console.{kind}: {}", arguments(&event.params)))
                    }
                    "Log.entryAdded" => {
                        let entry = &event.params["entry"];
                        let is_error = entry["level"] == "error";
                        is_error.then(|| format!("log: {} {}", entry["text"], entry["url"]))
                    }
                    _ => None,
                });
            errors.collect()
        })
    }

    /// Violations of the content security policy, Trusted Types included.
    pub fn csp_reports(&self) -> Vec<String> {
        self.seen().look(|events| {
            let issues = events
                .iter()
                .filter(|event| event.method == "Audits.issueAdded");
            let reports = issues.filter_map(|event| {
                let issue = &event.params["issue"];
                let details = issue["details"].get("contentSecurityPolicyIssueDetails")?;
                Some(details.to_string())
            });
            reports.collect()
        })
    }

    /// Requests to anywhere but the origin the page came from.
    pub fn foreign_requests(&self, origin: &str) -> Vec<String> {
        let is_own = |url: &str| {
            let schemes = ["data:", "blob:", "about:"];
            schemes.iter().any(|scheme| url.starts_with(scheme))
                || url == origin
                || url
                    .strip_prefix(origin)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let mut urls: Vec<String> = self.loads().into_iter().map(|load| load.url).collect();
        urls.retain(|url| !is_own(url));
        urls
    }

    /// Everything that was asked of the network, by the order of asking.
    pub fn loads(&self) -> Vec<Loaded> {
        self.seen().look(|events| {
            let mut order = Vec::new();
            let mut loads = BTreeMap::<String, Loaded>::new();
            for Event {
                method,
                params,
                session,
            } in events
            {
                let Some(id) = params["requestId"].as_str() else {
                    continue;
                };
                let id = format!("{session} {id}");
                match method.as_str() {
                    "Network.requestWillBeSent" => {
                        let load = loads.entry(id.clone()).or_default();
                        load.url = text(&params["request"]["url"]);
                        load.kind = text(&params["type"]);
                        order.push(id);
                    }
                    "Network.responseReceived" => {
                        let load = loads.entry(id).or_default();
                        load.status = params["response"]["status"].as_i64().unwrap_or(0);
                    }
                    "Network.loadingFinished" => {
                        let load = loads.entry(id).or_default();
                        load.bytes = params["encodedDataLength"].as_f64().unwrap_or(0.0);
                    }
                    "Network.webSocketCreated" => {
                        let load = loads.entry(id.clone()).or_default();
                        load.url = text(&params["url"]);
                        order.push(id);
                    }
                    _ => {}
                }
            }
            order
                .iter()
                .filter_map(|id| loads.get(id).cloned())
                .collect()
        })
    }

    /// The size of every body as it came over the wire, by its address.
    pub fn bodies(&self) -> Vec<(String, f64)> {
        self.seen().look(|events| {
            let mut urls = BTreeMap::new();
            let mut sizes = BTreeMap::<String, f64>::new();
            for event in events {
                let Some(id) = event.params["requestId"].as_str() else {
                    continue;
                };
                let id = format!("{} {id}", event.session);
                if event.method == "Network.requestWillBeSent" {
                    urls.insert(id, text(&event.params["request"]["url"]));
                } else if event.method == "Network.dataReceived" {
                    let bytes = event.params["encodedDataLength"].as_f64();
                    *sizes.entry(id).or_default() += bytes.unwrap_or(0.0);
                }
            }
            let known = sizes
                .into_iter()
                .filter_map(|(id, size)| Some((urls.get(&id)?.clone(), size)));
            known.collect()
        })
    }

    /// What hostile content managed to do: called the alarm, opened a dialog, a window or a download.
    pub fn alarms(&self) -> Vec<String> {
        self.seen().look(|events| {
            let alarms = events
                .iter()
                .filter_map(|event| match event.method.as_str() {
                    "Runtime.bindingCalled" if event.params["name"] == ALARM => {
                        Some(format!("executed: {}", event.params["payload"]))
                    }
                    "Page.javascriptDialogOpening" => Some(format!("dialog: {}", event.params)),
                    "Page.windowOpen" => Some(format!("window: {}", event.params["url"])),
                    "Page.downloadWillBegin" => Some(format!("download: {}", event.params["url"])),
                    _ => None,
                });
            alarms.collect()
        })
    }

    /// Everything that must not happen in any ordinary use.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.console_errors();
        faults.extend(self.csp_reports());
        faults.extend(self.alarms());
        faults
    }

    /// A figure of the browser's own: `JSHeapUsedSize`, `Nodes`, `TaskDuration`, ….
    pub async fn metric(&self, name: &str) -> f64 {
        let all = self
            .call("Performance.getMetrics", serde_json::json!({}))
            .await;
        let all = all["metrics"].as_array().cloned().unwrap_or_default();
        let found = all.iter().find(|metric| metric["name"] == name);
        found
            .and_then(|metric| metric["value"].as_f64())
            .unwrap_or(0.0)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn arguments(params: &Value) -> String {
    let all = params["args"].as_array().cloned().unwrap_or_default();
    let all = all.iter().map(|argument| {
        let described = argument["description"].as_str();
        described.map_or_else(|| argument["value"].to_string(), str::to_owned)
    });
    all.collect::<Vec<_>>().join(" ")
}
