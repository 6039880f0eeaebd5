//! Plain tables for terminals.

/// Stands before a measured value.
pub const MEASURED: char = '=';

/// Rows of cells below a header, columns as wide as needed; cells that look like numbers stand to
/// the right. A header cell may have several lines.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let length = |cell: &str| cell.chars().count();
    let mut widths: Vec<usize> =
        header.iter().map(|cell| cell.lines().map(length).max().unwrap_or(0)).collect();
    let mut numeric = vec![true; header.len()];
    for row in rows {
        for ((cell, width), numeric) in row.iter().zip(&mut widths).zip(&mut numeric) {
            *width = (*width).max(length(cell));
            // The mark of a measured value leaves it a number.
            *numeric &= cell.trim_start_matches(MEASURED).parse::<f64>().is_ok() || cell == "-";
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for ((cell, &width), &numeric) in cells.zip(&widths).zip(&numeric) {
            let cell = if numeric { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            text.push_str(&cell);
            text.push_str("  ");
        }
        format!("{}\n", text.trim_end())
    };
    let height = header.iter().map(|cell| cell.lines().count()).max().unwrap_or(0);
    let mut text = String::new();
    for level in 0..height {
        // Cells with fewer lines stand at the bottom.
        let part = |cell: &&'_ str| -> String {
            let above = height - cell.lines().count();
            level.checked_sub(above).and_then(|n| cell.lines().nth(n)).unwrap_or_default().to_owned()
        };
        let parts: Vec<String> = header.iter().map(part).collect();
        text.push_str(&line(&mut parts.iter().map(String::as_str)));
    }
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// Text in lines of at most `width` characters, broken between words.
pub fn wrapped(text: &str, width: usize) -> String {
    let (mut lines, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            lines.push('\n');
            column = 0;
        }
        if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines + "\n"
}

/// A name in snake case as a header cell of several short lines.
pub fn stacked(name: &str) -> String {
    name.replace('_', "\n")
}

/// A number with this many decimals, or `-`.
pub fn number(value: Option<f64>, decimals: usize) -> String {
    let Some(value) = value else { return "-".to_owned() };
    let text = format!("{value:.decimals$}");
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree\n");
        assert_eq!(wrapped("unbreakable x", 4), "unbreakable\nx\n");
        assert_eq!(wrapped("ä ö ü", 5), "ä ö ü\n");
    }

    #[test]
    fn numbers_stand_right_and_words_left() {
        let rows = [vec!["a".into(), "1.5".into()], vec!["long".into(), "-10.25".into()]];
        assert_eq!(number(Some(-1e-17), 3), "0.000");
        assert_eq!(number(Some(-0.0006), 3), "-0.001");
        assert_eq!(table(&["id", "x"], &rows), "id         x\na        1.5\nlong  -10.25\n");
        let header = ["id", &stacked("two_words")];
        assert_eq!(table(&header, &rows), "         two\nid     words\na        1.5\nlong  -10.25\n");
    }
}
