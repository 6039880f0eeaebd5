//! A browser without a window, driven by its DevTools protocol through two named pipes.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Programs that may be there.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The shell opens the pipes where the browser looks for them; without a sandbox, since tests may run as
/// root in a container, and the only pages are our own.
const START: &str = r#"exec "$1" --headless=new --no-sandbox --disable-gpu --no-first-run \
    --user-data-dir="$2/profile" --remote-debugging-pipe about:blank \
    3<"$2/commands" 4>"$2/answers" 2>"$2/log""#;

/// A page in a browser.
pub struct Browser {
    child: Child,
    commands: File,
    answers: BufReader<File>,
    session: Option<String>,
    number: u64,
    /// What scripts of the page failed with.
    pub failures: Vec<String>,
    folder: TempDir,
}

impl Browser {
    /// Starts a browser with a window of this size; `None`, and a line on standard output, where there is
    /// none.
    ///
    /// # Panics
    /// When it is there and does not start.
    pub fn start(width: u32, height: u32) -> Option<Self> {
        let found =
            |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
        let Some(program) = PROGRAMS.into_iter().find(|name| found(name)) else {
            println!("skipped: chromium is not installed");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [commands, answers] = ["commands", "answers"].map(|name| folder.path().join(name));
        let made = Command::new("mkfifo").args([&commands, &answers]).status().expect("mkfifo starts");
        assert!(made.success(), "mkfifo failed");
        let child = Command::new("sh")
            .args(["-c", START, "sh", program])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let commands = File::options().write(true).open(commands).expect("a pipe to the browser");
        let answers = BufReader::new(File::open(answers).expect("a pipe from the browser"));
        let mut browser =
            Self { child, commands, answers, session: None, number: 0, failures: Vec::new(), folder };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].take();
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser.call("Page.enable", json!({}));
        browser.call("Runtime.enable", json!({}));
        browser.resize(width, height);
        let downloads = browser.downloads().display().to_string();
        let allow = json!({ "behavior": "allow", "downloadPath": downloads });
        browser.call("Browser.setDownloadBehavior", allow);
        Some(browser)
    }

    /// Folder into which the page's files are downloaded.
    pub fn downloads(&self) -> std::path::PathBuf {
        self.folder.path().join("downloads")
    }

    /// Calls a method of the protocol and gives its result.
    ///
    /// # Panics
    /// When the browser is gone or refuses.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let bytes = [message.to_string().as_bytes(), b"\0"].concat();
        self.commands.write_all(&bytes).expect("the browser listens");
        loop {
            let mut answer = Vec::new();
            self.answers.read_until(0, &mut answer).expect("the browser answers");
            answer.pop();
            assert!(!answer.is_empty(), "the browser went away: {}", self.log());
            let mut answer: Value = serde_json::from_slice(&answer).expect("JSON");
            if answer["method"] == "Runtime.exceptionThrown" {
                self.failures.push(answer["params"]["exceptionDetails"].to_string());
            }
            if answer["id"] == self.number {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Sets the size of the window.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Value of an expression in the page, once it is settled.
    ///
    /// # Panics
    /// When it fails.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let wanted = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut result = self.call("Runtime.evaluate", wanted);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].take()
    }

    /// Opens a file and waits until it is drawn; gives the time that it took.
    pub fn open(&mut self, path: &Path) -> Duration {
        let begun = Instant::now();
        self.call("Page.navigate", json!({ "url": format!("file://{}", path.display()) }));
        self.wait_for("location.protocol === 'file:' && document.readyState === 'complete'");
        self.drawn();
        begun.elapsed()
    }

    /// Waits until the page has drawn what it was asked for.
    pub fn drawn(&mut self) {
        self.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))",
        );
    }

    /// Waits until an expression is true.
    ///
    /// # Panics
    /// When it is not within ten seconds.
    pub fn wait_for(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.evaluate(expression) != true {
            assert!(begun.elapsed() < Duration::from_secs(10), "never true: {expression}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks at a place of the window.
    pub fn click_at(&mut self, x: f64, y: f64) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let count = u8::from(kind != "mouseMoved");
            let button = if count == 0 { "none" } else { "left" };
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": count });
            self.call("Input.dispatchMouseEvent", event);
        }
        self.drawn();
    }

    /// Clicks the middle of the first element that a selector finds.
    ///
    /// # Panics
    /// When there is none.
    pub fn click(&mut self, selector: &str) {
        let place = self.evaluate(&format!(
            "(() => {{ const node = document.querySelector({selector:?}); node.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const box = node.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        let at = |n: usize| place[n].as_f64().expect("a place in the window");
        self.click_at(at(0), at(1));
    }

    /// Presses and releases a key.
    pub fn press(&mut self, key: &str) {
        let text = if key == "Enter" { "\r" } else { "" };
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyDown", "key": key, "text": text }));
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
        self.drawn();
    }

    /// Types text into the field that a selector finds.
    pub fn type_into(&mut self, selector: &str, text: &str) {
        self.evaluate(&format!("document.querySelector({selector:?}).focus()"));
        self.call("Input.insertText", json!({ "text": text }));
        self.drawn();
    }

    /// Name and contents of the file whose name has this ending, once it is downloaded.
    ///
    /// # Panics
    /// When it does not come within ten seconds.
    pub fn downloaded(&mut self, ending: &str) -> (std::path::PathBuf, String) {
        let begun = Instant::now();
        loop {
            let files = std::fs::read_dir(self.downloads()).into_iter().flatten().flatten();
            let file =
                files.map(|file| file.path()).find(|path| path.extension().is_some_and(|e| e == ending));
            if let Some(text) = file.as_ref().and_then(|path| std::fs::read_to_string(path).ok())
                && let Some(path) = file
                && !text.is_empty()
            {
                return (path, text);
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "no .{ending} was downloaded");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
