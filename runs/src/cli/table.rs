//! Plain tables for terminals.

/// Rows of cells below a header, columns as wide as needed; cells that look like numbers stand to
/// the right.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|cell| cell.chars().count()).collect();
    let mut numeric = vec![true; header.len()];
    for row in rows {
        for ((cell, width), numeric) in row.iter().zip(&mut widths).zip(&mut numeric) {
            *width = (*width).max(cell.chars().count());
            *numeric &= cell.parse::<f64>().is_ok() || cell == "-";
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
    let mut text = line(&mut header.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
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
    fn numbers_stand_right_and_words_left() {
        let rows = [vec!["a".into(), "1.5".into()], vec!["long".into(), "-10.25".into()]];
        assert_eq!(number(Some(-1e-17), 3), "0.000");
        assert_eq!(number(Some(-0.0006), 3), "-0.001");
        assert_eq!(table(&["id", "x"], &rows), "id         x\na        1.5\nlong  -10.25\n");
    }
}
