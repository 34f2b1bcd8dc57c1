//! What references led to, as dim lines below the words that held them. Pure.

use crate::clean::reveal;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::{Attachment, AttachmentKind, Content, SkillUse, Trust};

/// One line for each thing that was attached.
pub(crate) fn lines(content: &[Content], theme: &Theme) -> Vec<String> {
    content
        .iter()
        .filter_map(|part| match part {
            Content::Attachment(attachment) => Some(line(attachment)),
            Content::Skill {
                name,
                used: Some(used),
                ..
            } => Some(skill(name, used)),
            Content::Text { .. }
            | Content::Image { .. }
            | Content::Prompt { .. }
            | Content::Skill { used: None, .. } => None,
        })
        .map(|line| theme.paint(Style::Dim, &line))
        .collect()
}

/// Whose words were taken up, and what they leave of the tools.
fn skill(name: &str, used: &SkillUse) -> String {
    let path = used.path.as_deref().unwrap_or_default();
    let place = match path.is_empty() {
        true => String::new(),
        false => format!(" {}", reveal(path)),
    };
    let left = match &used.allowed_tools {
        Some(tools) if tools.is_empty() => ", leaves no tool".to_owned(),
        Some(tools) => format!(", leaves only {}", reveal(&tools.join(", "))),
        None => String::new(),
    };
    format!(
        "+ skill {} ({}){place}{left}",
        reveal(name),
        reveal(&used.origin.to_string())
    )
}

fn line(attachment: &Attachment) -> String {
    let number = usize::try_from(attachment.count).unwrap_or(usize::MAX);
    let range = attachment.lines.map(|lines| match lines.last {
        last if last == lines.first => format!(" {last}"),
        last => format!(" {}-{last}", lines.first),
    });
    let what = match attachment.kind {
        AttachmentKind::File
        | AttachmentKind::Note
        | AttachmentKind::Resource
        | AttachmentKind::Prompt => words::plural(number, "line", "lines"),
        AttachmentKind::Folder => words::plural(number, "entry", "entries"),
        AttachmentKind::Image => words::bytes(attachment.count),
    };
    let cut = if attachment.is_cut { ", cut" } else { "" };
    let outside = match attachment.trust {
        Trust::Untrusted => ", from outside the workspace",
        Trust::User | Trust::Workspace => "",
    };
    format!(
        "+ {}{}, {what}{cut}{outside}",
        reveal(&attachment.path),
        range.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;
    use anteroom_api::LineRange;

    #[test]
    fn what_was_attached_is_one_line_each() {
        let attachment = Attachment {
            path: "src/main.rs".into(),
            kind: AttachmentKind::File,
            lines: Some(LineRange {
                first: 10,
                last: 40,
            }),
            count: 31,
            is_cut: false,
            trust: Trust::Workspace,
            text: String::new(),
            image: None,
        };
        let check = |attachment: &Attachment, wanted: &str| {
            let content = [
                Content::text("see"),
                Content::Attachment(Box::new(attachment.clone())),
            ];
            assert_eq!(lines(&content, &BARE), [wanted]);
        };
        check(&attachment, "+ src/main.rs 10-40, 31 lines");
        let whole = Attachment {
            path: "/etc/\u{1b}[2Jhosts".into(),
            lines: None,
            count: 1,
            is_cut: true,
            trust: Trust::Untrusted,
            ..attachment.clone()
        };
        let shown = lines(&[Content::Attachment(Box::new(whole))], &BARE).concat();
        assert!(shown.ends_with(", 1 line, cut, from outside the workspace"));
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        let folder = Attachment {
            path: "src/".into(),
            kind: AttachmentKind::Folder,
            lines: None,
            count: 2,
            ..attachment.clone()
        };
        check(&folder, "+ src/, 2 entries");
        let image = Attachment {
            path: "a.png".into(),
            kind: AttachmentKind::Image,
            lines: None,
            count: 2048,
            ..attachment
        };
        check(&image, &format!("+ a.png, {}", words::bytes(2048)));
    }
}
