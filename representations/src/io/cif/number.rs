//! Numbers of a CIF: `1.234(5)`, `-.5`, `1/3`.

/// A number and how finely it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: f64,
    /// Digits behind the decimal point.
    pub(crate) decimals: usize,
}

/// Reads a finite number; the standard uncertainty in brackets is dropped.
pub(crate) fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    let mantissa = text.split('(').next().unwrap_or(text).trim_end();
    if let Some((above, below)) = mantissa.split_once('/') {
        let value = above.trim().parse::<f64>().ok()? / below.trim().parse::<f64>().ok()?;
        return value.is_finite().then_some(Number { value, decimals: 15 });
    }
    let value: f64 = mantissa.parse().ok()?;
    let digits = mantissa.split(['e', 'E']).next().unwrap_or(mantissa);
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    value.is_finite().then_some(Number { value, decimals })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_uncertainties() {
        let value = |text: &str| number(text).map(|n| (n.value, n.decimals));
        assert_eq!(value("1.234(5)"), Some((1.234, 3)));
        assert_eq!(value("-.5"), Some((-0.5, 1)));
        assert_eq!(value("0."), Some((0.0, 0)));
        assert_eq!(value("12(3)"), Some((12.0, 0)));
        assert_eq!(value("1.5e-2"), Some((0.015, 1)));
        assert_eq!(value("1/4"), Some((0.25, 15)));
        for text in ["", "?", ".", "nan", "inf", "1/0", "1,5", "x", "(3)"] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
