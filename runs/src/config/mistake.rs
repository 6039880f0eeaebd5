//! What is wrong in a campaign file, said so that it can be put right.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// One mistake: where, what was found, what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Path of the key, for instance `space.atoms` or `objective[1].name`; empty for a syntax error.
    pub key: String,
    /// What the file says, or that it says nothing.
    pub found: String,
    /// What it should say.
    pub expected: String,
    /// A suggestion, if there is one.
    pub help: Option<String>,
    /// Bytes of the text that the mistake is about.
    pub span: Option<Range<usize>>,
}

impl Mistake {
    /// A mistake at `key`; its place in the text is looked up later.
    pub fn new(key: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { key: key.into(), found: found.into(), expected: expected.into(), help: None, span: None }
    }

    /// A required key that is absent.
    pub fn missing(key: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::new(key, "nothing", expected)
    }

    /// With a suggestion.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the name among `known` that is most like `given`, when one is near.
    pub fn nearest<'a>(self, given: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(given, known) {
            Some(name) => self.help(format!("did you mean '{name}'?")),
            None => self,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "found {}, expected {}", self.found, self.expected)
    }
}

/// Everything that is wrong in one campaign file.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.headline())]
pub struct ConfigError {
    /// Name of the file as given.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The mistakes in order of their place in the text.
    pub mistakes: Vec<Mistake>,
    related: Vec<Located>,
}

impl ConfigError {
    /// Sorts the mistakes by place; those without a place come last.
    pub fn new(file: &str, text: &str, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.span.as_ref().map_or(usize::MAX, |span| span.start));
        let related = mistakes
            .iter()
            .map(|mistake| Located {
                place: place(file, text, mistake),
                mistake: mistake.clone(),
                text: NamedSource::new(file, text.to_owned()).with_language("TOML"),
            })
            .collect();
        Self { file: file.to_owned(), text: text.to_owned(), mistakes, related }
    }

    fn headline(&self) -> String {
        match self.mistakes.len() {
            1 => format!("'{}' has a mistake", self.file),
            n => format!("'{}' has {n} mistakes", self.file),
        }
    }

    /// One line per mistake: `file:line: key: found ..., expected ...`.
    pub fn lines(&self) -> Vec<String> {
        self.related.iter().map(|located| located.to_string()).collect()
    }
}

impl Diagnostic for ConfigError {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.related.iter().map(|located| located as &dyn Diagnostic)))
    }
}

/// A mistake with the text that it is about.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{place}: {mistake}")]
struct Located {
    place: String,
    mistake: Mistake,
    text: NamedSource<String>,
}

impl Diagnostic for Located {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.mistake.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.mistake.span.as_ref().map(|_| &self.text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.mistake.span.clone()?;
        // A whole table or a long list is not underlined, only its first line is.
        let end = self.text.inner()[span.clone()].find('\n').map_or(span.end, |line| span.start + line);
        Some(Box::new(std::iter::once(LabeledSpan::new(
            Some("here".to_owned()),
            span.start,
            end - span.start,
        ))))
    }
}

fn place(file: &str, text: &str, mistake: &Mistake) -> String {
    match &mistake.span {
        Some(span) => format!("{file}:{}", line_of(text, span.start)),
        None => file.to_owned(),
    }
}

/// Number of the line (from 1) that holds this byte.
pub(crate) fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|&b| b == b'\n').count() + 1
}

/// The known name with the smallest edit distance to `given`, if that is at most a third of its
/// length or one of the two begins with the other.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let begins = |name: &str| given.len() > 2 && (name.starts_with(&given) || given.starts_with(name));
    known
        .into_iter()
        .map(|name| (edit_distance(&given, &name.to_lowercase()), name))
        .filter(|&(distance, name)| distance * 3 <= name.len().max(3) || begins(name))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distances_are_known() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(nearest("toxcity", ["supply_risk", "toxicity"]), Some("toxicity"));
        assert_eq!(nearest("zzz", ["supply_risk", "toxicity"]), None);
    }

    #[test]
    fn errors_cross_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<ConfigError>();
    }
}
