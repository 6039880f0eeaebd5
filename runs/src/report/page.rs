//! The frame of a page: one file with its styles, scripts and data, that loads nothing from elsewhere.

use serde_json::Value;

/// Colours, type, panels, tables and paper of all reports.
const STYLE: &str = include_str!("assets/page.css");

/// Building of elements and charts; elements' colours; crystals in 3D. Every script may use those before it.
pub const VIEWER_SCRIPTS: [&str; 8] = [
    include_str!("assets/dom.js"),
    include_str!("assets/plot.js"),
    include_str!("assets/elements.js"),
    include_str!("assets/crystal.js"),
    include_str!("assets/align.js"),
    include_str!("assets/viewer.js"),
    include_str!("assets/molecule.js"),
    include_str!("assets/views.js"),
];

/// Styles of the views of crystals.
pub const VIEWER_STYLE: &str = include_str!("assets/viewer.css");

/// Styles of verdicts, and of tables of many rows.
pub const TABLE_STYLES: [&str; 2] = [include_str!("assets/verdicts.css"), include_str!("assets/rows.css")];

/// What a page is made of.
pub struct Page<'a> {
    /// Title; plain text without markup.
    pub title: &'a str,
    /// Styles beside those of all reports.
    pub styles: &'a [&'a str],
    /// The body's markup: fixed text only. All that comes from users is in the data.
    pub body: &'a str,
    /// Scripts in the order of their running, in one scope of their own.
    pub scripts: &'a [&'a str],
    /// What the scripts show; they read it from the element `data`.
    pub data: &'a Value,
}

impl Page<'_> {
    /// The file.
    pub fn html(&self) -> String {
        let title = self.title;
        let styles = self.styles.concat();
        let body = self.body;
        let scripts = self.scripts.join("\n");
        let data = embedded(self.data);
        // The policy forbids every request, also for an error in this code.
        format!(
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>{title}</title>
<style>
{STYLE}{styles}</style>
</head>
<body>
<main>
{body}</main>
<script type="application/json" id="data">{data}</script>
<script>
(() => {{
"use strict";
{scripts}}})();
</script>
</body>
</html>
"#
        )
    }
}

/// JSON that may stand inside a script element: nothing in it can end the element or open a comment.
fn embedded(data: &Value) -> String {
    let mut text = String::new();
    for character in data.to_string().chars() {
        match character {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            // Line ends to some parsers of scripts.
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn data_cannot_leave_their_element() {
        let data = json!({ "id": "</script><!-- <script> ]]> & \u{2028}\u{2029} \"\\" });
        let text = embedded(&data);
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), data);
    }
}
