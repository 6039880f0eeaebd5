//! From text to [`CampaignConfig`], collecting every mistake of shape on the way.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::file::CampaignConfig;
use super::mistake::{Mistake, nearest};

/// A campaign file that was read: its contents, and where each key stands.
pub(super) struct Document<'i> {
    table: Spanned<DeTable<'i>>,
    /// What could be read; keys with mistakes are left out.
    pub(super) config: CampaignConfig,
    /// Mistakes of syntax, unknown keys and wrong types.
    pub(super) mistakes: Vec<Mistake>,
}

impl<'i> Document<'i> {
    /// Reads as much as can be read. serde stops at its first error; that key is then taken out
    /// and the rest is read again, until nothing is left to complain about.
    pub(super) fn read(text: &'i str) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut mistakes: Vec<Mistake> = errors.iter().map(syntax_mistake).collect();
        if !mistakes.is_empty() {
            return Self { table, config: CampaignConfig::default(), mistakes };
        }
        let mut rest = table.clone();
        loop {
            let error = match CampaignConfig::deserialize(Deserializer::from(rest.clone())) {
                Ok(config) => return Self { table, config, mistakes },
                Err(error) => error,
            };
            let place = error.span().unwrap_or(0..0);
            let mut key = String::new();
            let removed = remove(rest.get_mut(), &place, &mut key);
            mistakes.push(shape_mistake(&key, error.message(), place));
            if !removed {
                return Self { table, config: CampaignConfig::default(), mistakes };
            }
        }
    }

    /// Bytes of the value at `key`, or of the nearest table or list above it that exists.
    pub(super) fn span(&self, key: &str) -> Option<Range<usize>> {
        let mut value: Option<&Spanned<DeValue>> = None;
        for step in key.split(['.', '[']) {
            let next = match (step.strip_suffix(']'), value.map(Spanned::get_ref)) {
                (Some(index), Some(DeValue::Array(items))) => {
                    index.parse::<usize>().ok().and_then(|index| items.get(index))
                }
                (None, None) => self.table.get_ref().get(step),
                (None, Some(DeValue::Table(table))) => table.get(step),
                _ => None,
            };
            match next {
                Some(next) => value = Some(next),
                None => break,
            }
        }
        value.map(Spanned::span)
    }
}

fn syntax_mistake(error: &toml::de::Error) -> Mistake {
    let (found, expected) =
        error.message().split_once(", expected ").unwrap_or((error.message(), "TOML (https://toml.io)"));
    Mistake { span: error.span(), ..Mistake::new("", format!("a syntax error ({found})"), expected) }
}

/// Turns serde's words into ours.
fn shape_mistake(key: &str, message: &str, span: Range<usize>) -> Mistake {
    let (found, expected) = message.split_once(", expected ").unwrap_or((message, "another value"));
    let mistake = if let Some(name) = found.strip_prefix("unknown field ") {
        let name = name.trim_matches('`');
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        let mistake = Mistake::new(key, "an unknown key", format!("one of {}", known.join(", ")));
        match nearest(name, known.iter().copied()) {
            Some(like) => mistake.help(format!("did you mean '{like}'?")),
            None => mistake,
        }
    } else {
        let found = found.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
        Mistake::new(key, plain_found(found), plain_expected(expected))
    };
    Mistake { span: Some(span), ..mistake }
}

fn plain_found(found: &str) -> String {
    match found.strip_prefix("invalid length ") {
        Some(length) => format!("a list of length {length}"),
        None => found
            .replace('`', "")
            .replace("floating point", "number")
            .replace("sequence", "a list")
            .replace("map", "a table"),
    }
}

fn plain_expected(expected: &str) -> String {
    match expected {
        "u64" => "a whole number, 0 or more".to_owned(),
        "f64" => "a number".to_owned(),
        "a string" => "a text in quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list in square brackets".to_owned(),
        "an array of length 2" => "a list of two numbers, [smallest, largest]".to_owned(),
        other => match other.strip_prefix("struct ") {
            Some(name) if name.ends_with("Section") => "a table".to_owned(),
            _ => other.to_owned(),
        },
    }
}

/// Takes out the innermost key whose name or value covers `place`, and says its path.
fn remove(table: &mut DeTable<'_>, place: &Range<usize>, key: &mut String) -> bool {
    let covers = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    let name = table.iter().find_map(|(name, value)| {
        (covers(name.span()) || covers(value.span()) || inside(value, place))
            .then(|| name.get_ref().to_string())
    });
    let Some(name) = name else { return false };
    if !key.is_empty() {
        key.push('.');
    }
    key.push_str(&name);
    let inner = match table.get_mut(name.as_str()).map(Spanned::get_mut) {
        Some(DeValue::Table(inner)) => remove(inner, place, key),
        Some(DeValue::Array(items)) => remove_in_list(items, place, key),
        _ => false,
    };
    inner || table.remove(name.as_str()).is_some()
}

fn remove_in_list(items: &mut toml::de::DeArray<'_>, place: &Range<usize>, key: &mut String) -> bool {
    for (index, item) in items.iter_mut().enumerate() {
        let span = item.span();
        if (span.start <= place.start && place.end <= span.end) || inside(item, place) {
            key.push_str(&format!("[{index}]"));
            return match item.get_mut() {
                DeValue::Table(table) => remove(table, place, key),
                // An item of a plain list takes the whole list with it: numbering must not shift.
                _ => false,
            };
        }
    }
    false
}

/// Whether `place` lies on a key or value inside `value`. The span of a table with a header is
/// that of the header alone.
fn inside(value: &Spanned<DeValue<'_>>, place: &Range<usize>) -> bool {
    let covers = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    match value.get_ref() {
        DeValue::Table(table) => table
            .iter()
            .any(|(name, value)| covers(name.span()) || covers(value.span()) || inside(value, place)),
        DeValue::Array(items) => items.iter().any(|item| covers(item.span()) || inside(item, place)),
        _ => false,
    }
}
