//! How well probabilities rank and what they are worth.

/// Bins of the calibration.
const BINS: usize = 5;

/// Area under the ROC curve; equal values count half (Hanley and McNeil, Radiology 143, 29 (1982)).
fn roc_area(said: &[(f64, bool)]) -> f64 {
    let (yes, no): (Vec<_>, Vec<_>) = said.iter().partition::<Vec<(f64, bool)>, _>(|(_, truth)| *truth);
    let mut below = 0.0;
    for (x, _) in &yes {
        let beaten = |y: &f64| if x > y { 1.0 } else { f64::from(u8::from(x == y)) / 2.0 };
        below += no.iter().map(|(y, _)| beaten(y)).sum::<f64>();
    }
    below / (yes.len() * no.len()) as f64
}

/// Standard error of the area, by the formula of Hanley and McNeil (1982).
fn error_of_area(said: &[(f64, bool)]) -> f64 {
    let area = roc_area(said);
    let yes = said.iter().filter(|(_, truth)| *truth).count() as f64;
    let no = said.len() as f64 - yes;
    let (q1, q2) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
    ((area * (1.0 - area) + (yes - 1.0) * (q1 - area * area) + (no - 1.0) * (q2 - area * area)) / (yes * no))
        .sqrt()
}

/// Prints the area under the ROC curve, the Brier score where these are probabilities, and what was true in fifths of
/// probability.
pub fn print(title: &str, said: &[(f64, bool)]) {
    let yes = said.iter().filter(|(_, truth)| *truth).count();
    println!("{title}: {} with {yes} true", said.len());
    if yes == 0 || yes == said.len() {
        return;
    }
    println!("  area under the ROC curve {:.3} ± {:.3}", roc_area(said), error_of_area(said));
    if said.iter().any(|(p, _)| *p > 1.0) {
        return;
    }
    let truth = |y: bool| f64::from(u8::from(y));
    let brier = said.iter().map(|&(p, y)| (p - truth(y)).powi(2)).sum::<f64>() / said.len() as f64;
    println!("  Brier score {brier:.3}");
    for bin in 0..BINS {
        let inside: Vec<&(f64, bool)> =
            said.iter().filter(|(p, _)| ((p * BINS as f64) as usize).min(BINS - 1) == bin).collect();
        if inside.is_empty() {
            continue;
        }
        let count = inside.len() as f64;
        let mean = inside.iter().map(|(p, _)| p).sum::<f64>() / count;
        let share = inside.iter().map(|(_, y)| truth(*y)).sum::<f64>() / count;
        let [low, high] = [bin, bin + 1].map(|edge| edge as f64 / BINS as f64);
        println!("  {low:.1} to {high:.1}: {:4}, said {mean:.2}, true {share:.2}", inside.len());
    }
}
