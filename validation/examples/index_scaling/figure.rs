//! A figure of three double logarithmic panels.

use std::fmt::Write;

use serde_json::Value;

const WIDTH: f64 = 230.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 48.0;
const TOP: f64 = 40.0;
const GAP: f64 = 62.0;

/// A curve: name, key, factor to the unit of the panel, colour.
type Curve = (&'static str, &'static str, f64, &'static str);

/// Draws what was measured.
pub fn draw(rows: &[Value]) -> String {
    let panels: [(&str, Vec<Curve>); 3] = [
        ("build, s", vec![("CPU", "build_cpu", 1.0, "#1b6ca8"), ("wall", "build_wall", 1.0, "#d1702d")]),
        ("look-up, µs", vec![("median", "median", 1e6, "#1b6ca8"), ("95 %", "p95", 1e6, "#d1702d")]),
        ("size, MB", vec![("peak memory", "peak", 1e-6, "#1b6ca8"), ("file", "file", 1e-6, "#d1702d")]),
    ];
    let (width, height) = (LEFT + 3.0 * WIDTH + 2.0 * GAP + 16.0, TOP + HEIGHT + 48.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    for (number, (title, curves)) in panels.iter().enumerate() {
        panel(&mut svg, LEFT + number as f64 * (WIDTH + GAP), title, curves, rows);
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, left: f64, title: &str, curves: &[Curve], rows: &[Value]) {
    let value = |row: &Value, key: &str, factor: f64| (row[key].as_f64().unwrap_or(1.0) * factor).log10();
    let all = |key: &'static str, factor: f64| rows.iter().map(move |row| value(row, key, factor));
    let values: Vec<f64> = curves.iter().flat_map(|&(_, key, factor, _)| all(key, factor)).collect();
    let extent = |values: &[f64]| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min).floor();
        (low, values.iter().copied().fold(low + 1.0, f64::max).ceil())
    };
    let (low, high) = extent(&values);
    let (first, last) = (3.0, all("entries", 1.0).fold(4.0, f64::max).round());
    let x = |log: f64| left + (log - first) / (last - first) * WIDTH;
    let y = |log: f64| TOP + HEIGHT - (log - low) / (high - low) * HEIGHT;
    // Writing into a string cannot fail.
    let mut put = |text: std::fmt::Arguments| {
        let _ = svg.write_fmt(text);
    };
    put(format_args!("<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{title}</text>\n", TOP - 22.0));
    for decade in low as i32..=high as i32 {
        let at = y(decade.into());
        let label = if (-2..4).contains(&decade) {
            format!("{}", 10_f64.powi(decade))
        } else {
            format!("1e{decade}")
        };
        put(format_args!(
            "<path d=\"M{left} {at:.1}h{WIDTH}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n",
            left - 6.0,
            at + 4.0
        ));
    }
    for decade in first as i32..=last as i32 {
        let (at, bottom) = (x(decade.into()), TOP + HEIGHT);
        put(format_args!(
            "<path d=\"M{at:.1} {TOP}v{HEIGHT}\" stroke=\"#ddd\"/>\
             <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">1e{decade}</text>\n",
            bottom + 18.0
        ));
    }
    put(format_args!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">references</text>\n",
        left + WIDTH / 2.0,
        TOP + HEIGHT + 38.0
    ));
    for (number, &(name, key, factor, colour)) in curves.iter().enumerate() {
        let points: Vec<(f64, f64)> =
            rows.iter().map(|row| (x(value(row, "entries", 1.0)), y(value(row, key, factor)))).collect();
        let line: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        put(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
            line.join(" ")
        ));
        for (x, y) in points {
            put(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>\n"));
        }
        let at = left + 100.0 * number as f64;
        put(format_args!("<text x=\"{at}\" y=\"{}\" fill=\"{colour}\">● {name}</text>\n", TOP - 6.0));
    }
}
