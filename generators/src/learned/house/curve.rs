//! Loss curves.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// What is known after a look at the validation loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps so far.
    pub step: u64,
    /// Passes over the data so far.
    pub epoch: f64,
    /// Mean training loss since the last look; `None` when no step since then had one.
    pub training: Option<f64>,
    /// Validation loss of the averaged weights; `None` without validation data.
    pub validation: Option<f64>,
    /// Parts of the validation loss.
    pub parts: Vec<(String, f64)>,
    /// Seconds of training so far.
    pub seconds: f64,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
/// Margins left, right, top, bottom.
const MARGIN: [f64; 4] = [64.0, 180.0, 36.0, 48.0];
/// Colours that are told apart without red and green (Okabe and Ito).
const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c8c00"];

/// A line by name: points of step and value.
type Line<'a> = (String, Vec<(f64, f64)>, &'a str);

/// The curve as a picture: training and validation loss above, the parts of the validation loss below.
pub fn svg(title: &str, curve: &[Progress]) -> String {
    let points = |value: &dyn Fn(&Progress) -> Option<f64>| -> Vec<(f64, f64)> {
        let point = |p: &Progress| Some((p.step as f64, value(p).filter(|x| x.is_finite())?));
        curve.iter().filter_map(point).collect()
    };
    let losses: Vec<Line<'_>> = vec![
        ("training".to_owned(), points(&|p| p.training), COLOURS[0]),
        ("validation".to_owned(), points(&|p| p.validation), COLOURS[1]),
    ];
    let names: Vec<String> =
        curve.last().map_or(Vec::new(), |p| p.parts.iter().map(|(n, _)| n.clone()).collect());
    let parts: Vec<Line<'_>> = names
        .into_iter()
        .enumerate()
        .map(|(i, name)| {
            let value = |p: &Progress| p.parts.iter().find(|(n, _)| *n == name).map(|(_, x)| *x);
            let points = points(&value);
            (name, points, COLOURS[i % COLOURS.len()])
        })
        .collect();
    let panels =
        if parts.len() > 1 { vec![("loss", losses), ("parts", parts)] } else { vec![("loss", losses)] };
    let height = HEIGHT * panels.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{}\" y=\"22\" font-size=\"15\">{}</text>\n",
        MARGIN[0],
        escaped(title)
    );
    for (i, (name, lines)) in panels.iter().enumerate() {
        panel(&mut out, name, lines, HEIGHT * i as f64);
    }
    out + "</svg>\n"
}

/// Draws one panel whose upper edge lies at `top`.
fn panel(out: &mut String, name: &str, lines: &[Line<'_>], top: f64) {
    let [left, right, above, below] = MARGIN;
    let all = || lines.iter().flat_map(|(_, points, _)| points.iter().copied());
    let last = all().map(|(x, _)| x).fold(1.0, f64::max);
    // The first looks of a fresh network lie far above all others and would flatten the rest.
    let skipped = |points: &[(f64, f64)]| if points.len() > 10 { points.len() / 20 } else { 0 };
    let shown = || lines.iter().flat_map(|(_, points, _)| points[skipped(points)..].iter().map(|&(_, y)| y));
    let (mut low, mut high) =
        (shown().fold(f64::INFINITY, f64::min), shown().fold(f64::NEG_INFINITY, f64::max));
    if !(low.is_finite() && high.is_finite()) {
        (low, high) = (0.0, 1.0);
    }
    if high - low < 1e-9 {
        (low, high) = (low - 0.5, high + 0.5);
    }
    let (width, height) = (WIDTH - left - right, HEIGHT - above - below);
    let x = |step: f64| left + width * step / last;
    let y = |value: f64| top + above + height * (1.0 - ((value - low) / (high - low)).clamp(-0.02, 1.02));
    // Writing into a string cannot fail.
    for tick in ticks(low, high) {
        let _ = writeln!(
            out,
            "<line x1=\"{left}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#dddddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left + width,
            left - 6.0,
            y(tick) + 4.0,
            shortest(tick),
            y = y(tick),
        );
    }
    for tick in ticks(0.0, last) {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(tick),
            top + above + height + 18.0,
            shortest(tick)
        );
    }
    let _ = writeln!(
        out,
        "<rect x=\"{left}\" y=\"{:.1}\" width=\"{width}\" height=\"{height}\" fill=\"none\" stroke=\"#888888\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">step</text>\
         <text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">{name}</text>",
        top + above,
        left + width / 2.0,
        top + above + height + 36.0,
        top + above + height / 2.0,
    );
    for (i, (name, points, colour)) in lines.iter().enumerate() {
        let path: Vec<String> = points.iter().map(|&(a, b)| format!("{:.1},{:.1}", x(a), y(b))).collect();
        let label = top + above + 8.0 + 18.0 * i as f64;
        let value = points.last().map_or("-".to_owned(), |(_, value)| format!("{value:.4}"));
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>\
             <line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{label:.1}\" y2=\"{label:.1}\" stroke=\"{colour}\" stroke-width=\"3\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{} {value}</text>",
            path.join(" "),
            left + width + 10.0,
            left + width + 26.0,
            left + width + 32.0,
            label + 4.0,
            escaped(name),
        );
    }
}

/// Four to eight round numbers within a range.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|&s| s >= rough).unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    (first..).map(|i| i as f64 * step).take_while(|&tick| tick <= high + 1e-9 * step).collect()
}

/// A tick without the noise of binary fractions.
fn shortest(x: f64) -> String {
    let text = format!("{x:.6}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "" | "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_shows_every_line() {
        let curve: Vec<Progress> = (1..=40)
            .map(|i| Progress {
                step: i * 500,
                epoch: i as f64,
                training: Some(5.0 / i as f64),
                validation: (i != 7).then_some(5.5 / i as f64),
                parts: vec![("species".into(), 3.0 / i as f64), ("a < b".into(), 2.5 / i as f64)],
                seconds: 60.0 * i as f64,
            })
            .collect();
        let picture = svg("symmetry-diffusion", &curve);
        assert_eq!(picture.matches("<polyline").count(), 4);
        assert!(picture.contains("a &lt; b 0.0625") && picture.contains("validation 0.1375"));
        assert!(!picture.contains("NaN") && !picture.contains("inf"));
        // Nothing to show is no failure.
        assert!(svg("empty", &[]).ends_with("</svg>\n"));
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.0, 20_000.0), [0.0, 5000.0, 10_000.0, 15_000.0, 20_000.0]);
        assert_eq!(
            ticks(0.13, 0.31).iter().map(|&x| shortest(x)).collect::<Vec<_>>(),
            ["0.15", "0.2", "0.25", "0.3"]
        );
    }
}
