//! What axe-core finds wrong for people who use the page otherwise than with eyes and a mouse.

use super::Page;
use serde_json::json;

/// See `vendor/VENDOR.toml`.
const AXE: &str = include_str!("../vendor/axe/axe.min.js");

impl Page {
    /// Violations of WCAG 2.2, levels A and AA: each rule with the elements that break it.
    pub async fn axe(&self) -> Vec<String> {
        // Given by the debugger: the page's policy would refuse it.
        if self.js("typeof axe === 'undefined'").await == true {
            self.call("Runtime.evaluate", json!({ "expression": AXE }))
                .await;
        }
        let run = "(async () => {
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
            const found = await axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
            return found.violations.flatMap((rule) => rule.nodes.map((node) =>
                `${rule.id}: ${node.target.join(' ')}: ${node.html.slice(0, 160)} (${node.failureSummary.replace(/\\s+/g, ' ')})`));
        })()";
        let found = self.js(run).await;
        let found = found.as_array().cloned().unwrap_or_default();
        found
            .iter()
            .map(|line| line.as_str().unwrap_or_default().to_owned())
            .collect()
    }
}
