//! What happened on a pull request, as a line at the terminal.

use crate::cli::output::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use crate::sandbox::local::News;

/// Longest piece of somebody's text in a line, characters.
const LONGEST: usize = 110;

/// The line for one piece of news.
pub fn line(number: u64, news: &News) -> String {
    let text = match news {
        News::Opened { title, branch } => format!(
            "{} {} {}",
            styled(BOLD, "opened"),
            plain(title),
            styled(DIM, format!("(branch {})", plain(branch)))
        ),
        News::Moved {
            head,
            subject,
            by_app: true,
        } => format!(
            "{} {head} {}",
            styled(BOLD, "commit by the App"),
            plain(subject)
        ),
        News::Moved { head, subject, .. } => format!("pushed {head} {}", plain(subject)),
        News::Ended { merged: true } => styled(GREEN, "merged"),
        News::Ended { merged: false } => "closed".to_owned(),
        News::Check { state, title } => {
            let style = match state.as_str() {
                "success" => GREEN,
                "failure" => RED,
                _ => YELLOW,
            };
            format!("check {} {}", styled(style, state), plain(title))
        }
        News::Said { who, text } => format!("{who}: {}", plain(&gist(text))),
        News::Reviewed { who, state } => {
            format!("{who} reviewed: {}", state.replace('_', " ").to_lowercase())
        }
        News::Refused(why) => format!(
            "{} {}; it is tried again when nothing is in the way",
            styled(RED, "commit refused:"),
            harmless(why)
        ),
        News::TriedAgain => "the commit is tried again".to_owned(),
    };
    format!("{} {text}", styled(DIM, format!("#{number}")))
}

/// The first line of a comment that says something; where it only announces what follows, that too.
fn gist(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.trim_start_matches(['>', '#', ' ']).trim());
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with("<!--"));
    let mut gist = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        if !gist.ends_with(':') {
            break;
        }
        gist = format!("{gist} {line}");
    }
    gist
}

/// Text of any origin for a terminal: one line, no control characters.
pub fn harmless(text: &str) -> String {
    let letters = text.chars();
    letters
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// The same, cut where it gets long.
fn plain(text: &str) -> String {
    let text = harmless(text);
    let mut letters = text.chars();
    let mut line: String = letters.by_ref().take(LONGEST).collect();
    if letters.next().is_some() {
        line.push('…');
    }
    line
}
