//! The pages of campaigns: written by the command, looked at in a real browser.

use std::path::{Path, PathBuf};
use std::time::Duration;

use druse_tests::browser::Browser;
use druse_tests::campaigns::COMPLEXES;
use druse_tests::{druse, run, succeed};
use serde_json::{Value, json};

/// Salts judged by formulas: no model, so that a campaign takes a second.
const SALTS: &str = r#"
campaign = { name = "salts", budget = 60, population = 20, seed = 5 }
space = { elements = ["Na", "K", "Mg", "F", "Cl"], atoms = [2, 8] }
generator = [{ kind = "nsga3" }]
objective = [{ name = "density" }, { name = "price" }, { name = "supply_risk", goal = "maximise" }]
limit = [{ name = "density", max = 1.9 }]
"#;

fn campaign(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(format!("{name}.toml"));
    std::fs::write(&file, text).unwrap();
    let out = folder.join(name);
    succeed(druse().arg("run").arg(&file).arg("--out").arg(&out));
    out
}

/// Writes the page of a campaign and gives its path.
fn page(folder: &Path) -> PathBuf {
    succeed(druse().arg("report").arg(folder));
    folder.join("report.html")
}

/// Which candidate is shown beside the front.
fn chosen(browser: &mut Browser) -> String {
    let text = browser.evaluate("document.querySelector('#chosen .who').textContent");
    text.as_str().unwrap().to_owned()
}

/// Where the chosen point of the front lies in the window.
fn chosen_place(browser: &mut Browser) -> [f64; 2] {
    let place = browser.evaluate(
        "(() => { document.querySelector('#scatter .plane').scrollIntoView({ block: 'center', behavior: 'instant' }); \
         const box = document.querySelector('#scatter circle.chosen').getBoundingClientRect(); \
         return [box.x + box.width / 2, box.y + box.height / 2]; })()",
    );
    [0, 1].map(|n| place[n].as_f64().unwrap())
}

/// Chooses the next point of the front by the keyboard.
fn choose_by_keys(browser: &mut Browser, keys: &[&str]) {
    browser.evaluate("document.querySelector('#scatter .plane').focus()");
    keys.iter().for_each(|key| browser.press(key));
    browser.press("Enter");
}

/// How much wider than the window the page is; less than 0 by the width of a scroll bar.
fn excess(browser: &mut Browser) -> f64 {
    browser.evaluate("document.documentElement.scrollWidth - innerWidth").as_f64().unwrap()
}

#[test]
fn a_campaign_of_crystals_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let out = campaign(folder.path(), "salts", SALTS);
    let page = page(&out);
    let Some(mut browser) = Browser::start(1600, 1000) else { return };
    assert!(browser.open(&page) < Duration::from_secs(5));
    assert_eq!(browser.evaluate("document.title"), "salts · druse");

    // Points of the front: by keys, and by a click in the place where the first one lies.
    choose_by_keys(&mut browser, &["Home"]);
    let (first, place) = (chosen(&mut browser), chosen_place(&mut browser));
    choose_by_keys(&mut browser, &["End"]);
    assert_ne!(chosen(&mut browser), first);
    let [x, y] = place;
    browser.evaluate(
        "document.querySelector('#scatter .plane').scrollIntoView({ block: 'center', behavior: 'instant' })",
    );
    browser.click_at(x, y);
    assert_eq!(chosen(&mut browser), first);

    // Filters of the table, and ranges, which both charts share.
    let rows = "document.querySelectorAll('#rows tr.row').length";
    browser.type_into("#elements", "Mg");
    browser.wait_for("/^\\d+ of \\d+ candidates$/.test(document.querySelector('#shown').textContent)");
    let formulas =
        browser.evaluate("[...document.querySelectorAll('#rows .formula')].map(node => node.textContent)");
    let formulas = formulas.as_array().unwrap();
    assert!(
        !formulas.is_empty() && formulas.iter().all(|it| it.as_str().unwrap().contains("Mg")),
        "{formulas:?}"
    );
    browser.click("#reset");
    browser.evaluate(
        "(() => { const input = document.querySelector('#ranges input[aria-label=\"Density, at most\"]'); \
         input.value = '0.01'; input.dispatchEvent(new Event('change')); })()",
    );
    browser.wait_for("document.querySelector('#rows').textContent.includes('No row passes')");
    browser.click("#reset");
    browser.wait_for(&format!("{rows} === 25"));

    // A row opens and shows its crystal, which turns.
    browser.click("#rows button.open");
    let picture = "document.querySelector('#rows .detail canvas').toDataURL()";
    browser.wait_for(&format!(
        "document.querySelector('#rows .detail canvas')?.width > 100 && {picture}.length > 5000"
    ));
    let before = browser.evaluate(picture);
    browser.evaluate("document.querySelector('#rows .detail canvas').focus({ preventScroll: true })");
    browser.press("ArrowRight");
    assert_ne!(browser.evaluate(picture), before);

    // Its CIF is the crystal that the campaign has.
    browser.click("#chosen [data-format=cif]");
    let (path, text) = browser.downloaded("cif");
    let candidate = text.lines().next().unwrap().strip_prefix("data_candidate-").unwrap().to_owned();
    let own = std::fs::read_dir(out.join("pareto")).unwrap().flatten().map(|entry| entry.path());
    let own =
        own.into_iter().find(|path| path.to_string_lossy().ends_with(&format!("-{candidate}.cif"))).unwrap();
    let answer = succeed(druse().arg("match").args([&path, &own]).args(["--json", "-"]));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let answer = answer.get(0).unwrap_or(&answer);
    assert_eq!(answer["match"], true, "{answer}");
    assert!(answer["rms"].as_f64().unwrap() < 1e-4, "{answer}");

    // Narrow and wide, nothing stands out at the side; and it can be printed.
    for (width, height) in [(390, 844), (820, 1180), (1600, 1000)] {
        browser.resize(width, height);
        browser.drawn();
        assert!(excess(&mut browser) <= 0.0, "{width}");
    }
    let paper = browser.call("Page.printToPDF", json!({ "printBackground": false }));
    assert!(paper["data"].as_str().unwrap().len() > 50_000);
    assert!(browser.failures.is_empty(), "{:?}", browser.failures);
}

#[test]
fn a_campaign_of_complexes_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let out = campaign(folder.path(), "palladium", COMPLEXES);
    let page = page(&out);
    let Some(mut browser) = Browser::start(1600, 1000) else { return };
    browser.open(&page);
    browser.wait_for("document.querySelector('#chosen canvas').toDataURL().length > 5000");
    browser.click("#chosen [data-format=xyz]");
    let (_, text) = browser.downloaded("xyz");
    let (head, atoms) = parts(&text);
    let candidate = head.split_whitespace().next().unwrap().strip_prefix("id=candidate-").unwrap();
    let own = std::fs::read_dir(out.join("pareto")).unwrap().flatten().map(|entry| entry.path());
    let own =
        own.into_iter().find(|path| path.to_string_lossy().ends_with(&format!("-{candidate}.xyz"))).unwrap();
    let own = std::fs::read_to_string(own).unwrap();
    let (_, expected) = parts(&own);
    assert_eq!(atoms.len(), expected.len());
    for ((element, at), (known, place)) in atoms.iter().zip(&expected) {
        assert_eq!(element, known);
        assert!(at.iter().zip(place).all(|(x, y)| (x - y).abs() < 2e-5), "{at:?} {place:?}");
    }
    assert!(browser.failures.is_empty(), "{:?}", browser.failures);
}

/// Comment and atoms of an XYZ file.
fn parts(text: &str) -> (&str, Vec<(&str, Vec<f64>)>) {
    let mut lines = text.lines();
    let count: usize = lines.next().unwrap().parse().unwrap();
    let head = lines.next().unwrap();
    let atoms: Vec<(&str, Vec<f64>)> = lines
        .map(|line| {
            let (element, rest) = line.split_once(char::is_whitespace).unwrap();
            (element, rest.split_whitespace().map(|x| x.parse().unwrap()).collect())
        })
        .collect();
    assert_eq!(atoms.len(), count);
    (head, atoms)
}

#[test]
fn campaigns_are_compared_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = campaign(folder.path(), "first", SALTS);
    let second = campaign(folder.path(), "second", &SALTS.replace("nsga3", "random"));
    let page = folder.path().join("comparison.html");
    let json =
        succeed(druse().arg("report").args([&first, &second]).args(["--json", "-", "--to"]).arg(&page));
    let data: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(data["campaigns"][1]["generators"], json!(["random"]));
    let other = campaign(folder.path(), "other", &SALTS.replace("\"maximise\"", "\"minimise\""));
    let refused = run(druse().arg("report").args([&first, &other]));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains("unlike objectives") && text.contains("supply_risk (minimise)"), "{text}");

    let Some(mut browser) = Browser::start(1600, 1000) else { return };
    browser.open(&page);
    assert_eq!(browser.evaluate("document.querySelectorAll('#by-evaluations polyline').length"), 2);
    browser.resize(390, 844);
    browser.drawn();
    assert!(excess(&mut browser) <= 0.0);
    assert!(browser.failures.is_empty(), "{:?}", browser.failures);
}
